/**
 * Carries one HTTP exchange to an upstream and back: nothing is buffered, heads go out as soon as they
 * are known (an idle SSE stream must show its head at once), and each side's pace holds the other back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { connectionHeaders, sendHead } from './headers.ts';

/** Sockets per instance. Each open GET stream keeps one, each call one while it runs. */
const maxSocketsPerInstance = 1_024;

/** A local instance that has not taken the connection by then will not. */
const connectTimeoutMs = 10_000;

/** Kept-alive connections to the instances. No timeout on answers: a tool may think for an hour. */
export function createUpstreamAgent(): Agent {
  return new Agent({
    connections: maxSocketsPerInstance,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: connectTimeoutMs },
  });
}

export interface Forwarding {
  readonly agent: Agent;
  readonly origin: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What to send upstream; null for no body. */
  readonly body: Buffer | AsyncIterable<Buffer> | null;
  /** Request headers to leave out, in lower case. */
  readonly omit?: ReadonlySet<string>;
  /** Called with the upstream's head before it is passed on. */
  readonly onHead: (status: number, header: (name: string) => string | undefined) => void;
  /** Called with the size of each part of the answer. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Resolves when the answer is complete or the client has gone. Rejects when the upstream failed before
 * its head arrived; the caller then answers. A failure after that breaks the response off.
 */
export function forward(options: Forwarding): Promise<void> {
  const { agent, origin, request, response, body } = options;
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(options, resolve, reject);
    response.once('close', () => exchange.clientClosed());
    agent.dispatch(
      {
        origin,
        path: request.url ?? '/',
        method: request.method as Dispatcher.HttpMethod,
        headers: requestHeaders(request, Buffer.isBuffer(body), options.omit),
        // undici sends any async iterable; its types name only streams.
        body: body as Buffer | Readable | null,
      },
      exchange,
    );
  });
}

/** The handler of one undici dispatch. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: Forwarding;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #clientGone = false;

  constructor(options: Forwarding, resolve: () => void, reject: (error: Error) => void) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The client hung up: the upstream's socket is freed (which cancels nothing in legacy MCP, L11). */
  clientClosed(): void {
    if (this.#options.response.writableFinished) return;
    this.#clientGone = true;
    this.#controller?.abort(new Error('the client closed the connection'));
    this.#resolve();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#clientGone) controller.abort(new Error('the client closed the connection'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const { response, onHead } = this.#options;
    const header = (name: string) => {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    onHead(status, header);
    response.writeHead(status, responseHeaders(controller.rawHeaders, header));
    sendHead(response);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response, onBytes } = this.#options;
    onBytes(chunk.length);
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    this.#options.response.end();
    this.#resolve();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#clientGone) return;
    const { response } = this.#options;
    if (!response.headersSent) {
      this.#reject(error);
      return;
    }
    response.destroy();
    this.#resolve();
  }
}

/** The client's headers without those of its connection, and without those that `Connection` names. */
function requestHeaders(
  request: IncomingMessage,
  withoutLength: boolean,
  omit: ReadonlySet<string> | undefined,
): string[] {
  const isOfConnection = connectionHeaders(request.headers.connection);
  const kept: string[] = [];
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (isOfConnection(key) || omit?.has(key)) continue;
    if (withoutLength && key === 'content-length') continue;
    kept.push(name, rawHeaders[index + 1] ?? '');
  }
  return kept;
}

/** The upstream's headers likewise, names and duplicates as they came. */
function responseHeaders(
  raw: Dispatcher.DispatchController['rawHeaders'],
  header: (name: string) => string | undefined,
): string[] {
  const isOfConnection = connectionHeaders(header('connection'));
  const kept: string[] = [];
  if (!Array.isArray(raw)) return kept;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]);
    if (!isOfConnection(name.toLowerCase()))
      kept.push(name, Buffer.from(raw[index + 1] ?? '').toString('latin1'));
  }
  // A proxy between us and the client must not hold events back (L17).
  const isStream = header('content-type')?.startsWith('text/event-stream') ?? false;
  if (isStream && header('x-accel-buffering') === undefined) kept.push('X-Accel-Buffering', 'no');
  return kept;
}
