/** The read-only API under `/api`. Every answer is JSON, a refusal `{"error":…,"code":…}`. */
import { type Response, Router } from 'express';
import { z } from 'zod';
import { CodedError } from '../../shared/errors.ts';
import type { EventFeed } from './event-bus.ts';
import type { EventStream } from './event-stream.ts';
import type { MemoryReader } from './memory-reader.ts';

/** The most events that one answer holds. */
const maxEvents = 1_000;

const eventQuery = z.object({
  limit: z.coerce.number().int().min(1).max(maxEvents).default(50),
  since: z
    .union([
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
      z.iso
        .datetime({ offset: true, local: true })
        .transform((text) => new Date(text).toISOString()),
    ])
    .nullable()
    .default(null),
});

const planQuery = z.object({
  workspace_id: z.string().min(1).nullable().default(null),
  status: z.enum(['active', 'completed', 'archived']).nullable().default(null),
});

export interface ApiOptions {
  readonly reader: MemoryReader;
  readonly feed: EventFeed;
  readonly stream: EventStream;
}

/** The routes, to be mounted at `/api`. */
export function apiRoutes({ reader, feed, stream }: ApiOptions): Router {
  const router = Router();
  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.get('/health', (_request, response) => {
    response.json(health(reader, feed));
  });
  router.get('/events', (request, response) => {
    response.json(reader.events(parse(eventQuery, request.query)));
  });
  router.get('/events/stream', (request, response) => openStream(stream, request.method, response));
  router.get('/workspaces', (_request, response) => {
    const workspaces = reader.workspaces();
    response.json({ workspaces, total: workspaces.length });
  });
  router.get('/workspaces/:id', (request, response) => {
    response.json(reader.workspace(request.params.id));
  });
  router.get('/plans', (request, response) => {
    const { workspace_id, status } = parse(planQuery, request.query);
    const plans = reader.plans({ workspaceId: workspace_id, status });
    response.json({ plans, total: plans.length });
  });
  router.get('/plans/:id', (request, response) => {
    response.json(reader.plan(request.params.id));
  });
  router.use((request) => {
    throw new CodedError('not_found', `There is no ${request.method} ${request.originalUrl}.`);
  });
  return router;
}

/** "ok" says that the process answers; whether the database does is `lastError`. */
function health(reader: MemoryReader, feed: EventFeed) {
  return {
    status: 'ok',
    uptime: process.uptime(),
    memory: process.memoryUsage(),
    lastError: reader.lastError,
    dbPath: reader.path,
    dataRoot: reader.folder,
    timestamp: new Date().toISOString(),
    events: { mode: feed.mode, connected: feed.connected },
  };
}

function openStream(stream: EventStream, method: string, response: Response): void {
  // Express answers HEAD by the GET route; a stream would never end.
  if (method === 'HEAD') response.type('text/event-stream').end();
  else stream.add(response);
}

function parse<Schema extends z.ZodType>(schema: Schema, query: unknown): z.output<Schema> {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  throw new CodedError('bad_request', `The query is not valid: ${z.prettifyError(result.error)}`);
}
