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
  /** The session's id at the instance; sent instead of the one that the client knows. */
  readonly upstreamId?: string | null;
  /** The session's id that the client gets to know instead of the instance's. */
  readonly publicId?: string;
  /** Ends the exchange from this side: the session has left the instance. */
  readonly left?: AbortSignal;
  /**
   * Whether the client's stream stays open when the upstream breaks off in the middle of it, so that
   * another exchange can go on with it.
   */
  readonly keepStream?: boolean;
  /** Called with the upstream's head before it is passed on; what it throws, `forward` rejects with. */
  readonly onHead: (status: number, header: (name: string) => string | undefined) => void;
  /** Called with each part of the answer. */
  readonly onData: (part: Buffer) => void;
}

/** How an exchange ended: with the whole answer (or without its client), or in the middle of a stream. */
export type Ending = 'complete' | 'broken';

/**
 * Resolves when the answer is complete or the client has gone. Rejects when the upstream failed before
 * its head arrived; the caller then answers. A failure after that breaks the response off, unless its
 * stream is to be kept. A response whose head was sent before is one whose stream is gone on with.
 */
export function forward(options: Forwarding): Promise<Ending> {
  const { agent, origin, request, response, body } = options;
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(options, resolve, reject);
    const onClose = () => exchange.clientClosed();
    const onLeft = () => exchange.abort();
    response.once('close', onClose);
    options.left?.addEventListener('abort', onLeft, { once: true });
    exchange.onEnd = () => {
      response.off('close', onClose);
      options.left?.removeEventListener('abort', onLeft);
    };
    agent.dispatch(
      {
        origin,
        path: request.url ?? '/',
        method: request.method as Dispatcher.HttpMethod,
        headers: requestHeaders(request, Buffer.isBuffer(body), options),
        // undici sends any async iterable; its types name only streams.
        body: body as Buffer | Readable | null,
      },
      exchange,
    );
  });
}

/** The handler of one undici dispatch. */
class Exchange implements Dispatcher.DispatchHandler {
  /** Called once when the exchange is over, however it ended. */
  onEnd: () => void = () => {};
  readonly #options: Forwarding;
  readonly #resolve: (ending: Ending) => void;
  readonly #reject: (error: Error) => void;
  /** The client's stream was begun by an earlier exchange. */
  readonly #goesOn: boolean;
  #controller: Dispatcher.DispatchController | null = null;
  #clientGone = false;
  #wrapped: Buffer[] | null = null;
  #hasHead = false;
  #isStream = false;

  constructor(
    options: Forwarding,
    resolve: (ending: Ending) => void,
    reject: (error: Error) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#goesOn = options.response.headersSent;
  }

  /** This side ends it: the upstream fails for the client, as if it had died. */
  abort(): void {
    this.#controller?.abort(new Error('the session has left the instance'));
  }

  /** The client hung up: the upstream's socket is freed (which cancels nothing in legacy MCP, L11). */
  clientClosed(): void {
    if (this.#options.response.writableFinished) return;
    this.#clientGone = true;
    this.#controller?.abort(new Error('the client closed the connection'));
    this.#end('complete');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#clientGone) controller.abort(new Error('the client closed the connection'));
    else if (this.#options.left?.aborted) this.abort();
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
    try {
      onHead(status, header);
    } catch (error) {
      controller.abort(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    this.#hasHead = true;
    const isStream = header('content-type')?.startsWith('text/event-stream') ?? false;
    this.#isStream = isStream || this.#goesOn;
    if (!this.#goesOn) {
      const { publicId } = this.#options;
      response.writeHead(status, responseHeaders(controller.rawHeaders, header, publicId));
      sendHead(response);
    } else if (status !== 200) {
      this.#hasHead = false;
      controller.abort(new Error(`the instance answered ${status}`));
    } else if (!isStream) {
      this.#wrapped = [];
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { response, onData } = this.#options;
    onData(chunk);
    if (this.#wrapped) {
      this.#wrapped.push(chunk);
      return;
    }
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    const { response } = this.#options;
    if (this.#wrapped) response.write(messageEvent(Buffer.concat(this.#wrapped).toString('utf8')));
    response.end();
    this.#end('complete');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#clientGone) return;
    const { response, keepStream } = this.#options;
    if (!this.#hasHead) {
      this.onEnd();
      this.#reject(error);
    } else if (keepStream && this.#isStream) {
      response.write(endOfHalfEvent);
      this.#end('broken');
    } else {
      response.destroy();
      this.#end('complete');
    }
  }

  #end(ending: Ending): void {
    this.onEnd();
    this.#resolve(ending);
  }
}

/**
 * Ends an event that broke off. Without it, what follows would be read as the rest of that event; with
 * it clients drop the half, because its type is none that they know. Between events it says nothing
 * (WHATWG HTML §9.2.6: an event without data is not dispatched).
 */
export const endOfHalfEvent = '\nevent: interrupted\n\n';

/** A JSON-RPC message as the event of a stream. Line breaks between its tokens mean nothing in JSON. */
export function messageEvent(json: string): string {
  return `event: message\ndata: ${json.replace(/[\r\n]+/g, ' ')}\n\n`;
}

/** The client's headers without those of its connection, and without those that `Connection` names. */
export function requestHeaders(
  request: IncomingMessage,
  withoutLength: boolean,
  { omit, upstreamId }: Pick<Forwarding, 'omit' | 'upstreamId'>,
): string[] {
  const isOfConnection = connectionHeaders(request.headers.connection);
  const kept: string[] = [];
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const key = name.toLowerCase();
    if (isOfConnection(key) || omit?.has(key)) continue;
    if (withoutLength && key === 'content-length') continue;
    if (upstreamId !== undefined && key === 'mcp-session-id') continue;
    kept.push(name, rawHeaders[index + 1] ?? '');
  }
  if (typeof upstreamId === 'string') kept.push('mcp-session-id', upstreamId);
  return kept;
}

/** The upstream's headers likewise, names and duplicates as they came. */
function responseHeaders(
  raw: Dispatcher.DispatchController['rawHeaders'],
  header: (name: string) => string | undefined,
  publicId: string | undefined,
): string[] {
  const isOfConnection = connectionHeaders(header('connection'));
  const kept: string[] = [];
  if (!Array.isArray(raw)) return kept;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]);
    const key = name.toLowerCase();
    if (isOfConnection(key)) continue;
    const isSessionId = publicId !== undefined && key === 'mcp-session-id';
    kept.push(name, isSessionId ? publicId : Buffer.from(raw[index + 1] ?? '').toString('latin1'));
  }
  // A proxy between us and the client must not hold events back (L17).
  const isStream = header('content-type')?.startsWith('text/event-stream') ?? false;
  if (isStream && header('x-accel-buffering') === undefined) kept.push('X-Accel-Buffering', 'no');
  return kept;
}
