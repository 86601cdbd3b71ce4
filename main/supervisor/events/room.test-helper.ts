/** For tests: an event room in a folder of its own, on a real port. Needs no test runner. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { type Config, defaultConfig } from '../../../shared/config-schema.ts';
import { EventRoom } from './event-room.ts';

export const journalThread = join(import.meta.dirname, 'journal-thread.ts');
export const webhookSecret = 's3cret';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A log in memory. */
export class MemoryLog {
  readonly lines: LogLine[] = [];
  readonly logger = pino(
    { level: 'trace' },
    { write: (json: string) => void this.lines.push(JSON.parse(json) as LogLine) },
  );

  /** The lines that say this. */
  saying(text: string): readonly LogLine[] {
    return this.lines.filter(({ msg }) => msg.includes(text));
  }
}

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** A folder of its own, gone with everything in it at the end of the test. */
export async function tempFolder(): Promise<TempFolder> {
  const path = await mkdtemp(join(tmpdir(), 'pm-events-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

export interface RoomSetup {
  readonly settings?: Partial<Config['events']>;
  readonly log?: MemoryLog;
  readonly instanceId?: string;
}

/** A room in a folder; still to be opened. */
export function roomIn(folder: string, setup: RoomSetup = {}): EventRoom {
  const { settings, log, instanceId = 'test' } = setup;
  return new EventRoom({
    settings: { ...defaultConfig.events, ...settings },
    folder,
    journalThread,
    instanceId,
    webhookSecret,
    metrics: { flushSeconds: { observe: () => {} }, webhookSeconds: { observe: () => {} } },
    logger: (log ?? new MemoryLog()).logger,
    onEvent: () => {},
  });
}

export interface Served extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

/** A real HTTP server on a port from the system. */
export async function serve(handler: RequestListener, port = 0): Promise<Served> {
  const server = createServer(handler).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    server,
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The two addresses of a room, as the gateway has them. */
export function serveRoom(room: EventRoom, port = 0): Promise<Served> {
  return serve((request, response) => {
    const isHook = request.url?.startsWith('/admin/events/hook') === true;
    (isHook ? room.webhook : room.sse)(request, response);
  }, port);
}
