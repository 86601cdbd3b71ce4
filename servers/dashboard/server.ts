/** The dashboard as one value: wires database, feed, bus, streams and HTTP; holds no logic. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { CodedError, codeOf, messageOf } from '../../shared/errors.ts';
import { apiRoutes } from './api-routes.ts';
import { EventBus, type EventFeed } from './event-bus.ts';
import { EventSockets } from './event-sockets.ts';
import { EventStream } from './event-stream.ts';
import { refusalOf } from './guard.ts';
import { LogFeed } from './log-feed.ts';
import { MemoryReader } from './memory-reader.ts';
import { missingPage, pageFiles, securityHeaders } from './page-files.ts';
import { SupervisorFeed } from './supervisor-feed.ts';

/** All waits, in ms. */
export interface Timing {
  /** Between the comments on a quiet event stream. */
  readonly heartbeatMs: number;
  /** Between pings on a WebSocket. */
  readonly pingMs: number;
  /** Between looks at `event_log`. */
  readonly tailMs: number;
  /** Before each try in a row to reach the supervisor. */
  readonly reconnectMs: readonly number[];
  /** After so long without a byte the supervisor's stream is dead: three of its heartbeats. */
  readonly silenceMs: number;
  /** How long clients may take to leave when the dashboard stops. */
  readonly graceMs: number;
}

export const usualTiming: Timing = {
  heartbeatMs: 30_000,
  pingMs: 30_000,
  tailMs: 1_000,
  reconnectMs: [1_000, 2_000, 4_000, 8_000, 16_000, 30_000],
  silenceMs: 90_000,
  graceMs: 300,
};

export interface DashboardOptions {
  /** 0 takes any free port. */
  readonly port: number;
  readonly dataRoot: string;
  /** The supervisor's event stream; null follows the database instead. */
  readonly eventsUrl: string | null;
  /** The bearer token for that stream; null where none is asked for. */
  readonly eventsToken: string | null;
  readonly pageFolder: string;
  readonly timing: Timing;
  readonly log: (line: string) => void;
}

export interface Dashboard {
  readonly port: number;
  /** Ends all streams and sockets and frees the port, within `graceMs` whatever clients do. */
  close(): Promise<void>;
}

/**
 * Starts the dashboard on 127.0.0.1. A database that cannot be opened is no reason to fail: each
 * read tries again.
 * @throws when the port cannot be bound
 */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { dataRoot, timing, log } = options;
  const bus = new EventBus();
  const reader = new MemoryReader(dataRoot);
  try {
    reader.latestEventId();
  } catch (error) {
    log(messageOf(error));
  }
  const stream = new EventStream({ bus, heartbeatMs: timing.heartbeatMs });
  const sockets = new EventSockets({ bus, pingMs: timing.pingMs });
  // The feed starts after the port is ours: a dashboard that cannot serve must not subscribe.
  const server = createServer();
  const port = await listen(server, options.port);
  // An accept that fails (out of file handles) is reported here, not to a client.
  server.on('error', (error) => log(`The port reports: ${error.message}`));
  const feed = startFeed(options, bus, reader);
  server.on('request', webApp(apiRoutes({ reader, feed, stream }), options.pageFolder, log));
  server.on('upgrade', (request, socket, head) => upgrade(sockets, request, socket, head));
  const close = async (): Promise<void> => {
    feed.stop();
    stream.close();
    sockets.close(timing.graceMs);
    await closeServer(server, timing.graceMs);
    reader.close();
  };
  return { port, close };
}

function startFeed(options: DashboardOptions, bus: EventBus, reader: MemoryReader): EventFeed {
  const { eventsUrl, eventsToken, timing, log } = options;
  if (eventsUrl === null) return new LogFeed({ reader, bus, intervalMs: timing.tailMs, log });
  const { reconnectMs, silenceMs } = timing;
  return new SupervisorFeed({
    url: eventsUrl,
    token: eventsToken,
    bus,
    reconnectMs,
    silenceMs,
    log,
  });
}

function webApp(api: RequestHandler, pageFolder: string, log: (line: string) => void) {
  const app = express();
  app.disable('x-powered-by');
  app.use((request, response, next) => {
    response.set(securityHeaders);
    next(refusalOf(request.headers) ?? undefined);
  });
  app.use('/api', api);
  app.use(missingPage(pageFolder), pageFiles(pageFolder));
  app.use((request: IncomingMessage) => {
    throw new CodedError('not_found', `There is no ${request.method} ${request.url}.`);
  });
  app.use(answerError(log));
  return app;
}

/** Turns what was thrown into its reply; only what nobody expected is logged. */
function answerError(log: (line: string) => void): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const expected = error instanceof CodedError;
    // Express's own errors (a malformed %-escape) carry the status of a bad request.
    const theirs = !expected && statusOf(error) < 500;
    if (!expected && !theirs) log(`${request.method} ${request.url}: ${messageOf(error)}`);
    response
      .status(expected ? error.status : statusOf(error))
      .json({ error: messageOf(error), code: theirs ? 'bad_request' : codeOf(error) });
  };
}

function statusOf(error: unknown): number {
  const status = error instanceof Error && 'status' in error ? error.status : 500;
  return typeof status === 'number' ? status : 500;
}

function upgrade(
  sockets: EventSockets,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  // A client that resets the connection while we refuse it is no event worth a crash.
  socket.on('error', () => socket.destroy());
  const refusal =
    refusalOf(request.headers) ??
    (/^\/ws(\?|$)/.test(request.url ?? '')
      ? null
      : new CodedError('not_found', `There is no WebSocket at ${request.url}.`));
  if (refusal === null) {
    sockets.upgrade(request, socket, head);
    return;
  }
  const body = JSON.stringify({ error: refusal.message, code: refusal.code });
  socket.end(
    `HTTP/1.1 ${refusal.status} Refused\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(cut);
}
