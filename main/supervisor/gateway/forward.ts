/**
 * Carries one HTTP exchange to an upstream and back: nothing is buffered, heads go out as soon as they
 * are known (an idle SSE stream must show its head at once), and each side's pace holds the other back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import { endOfHalfEvent, isEventStream, messageEvent } from './event-stream.ts';
import { connectionHeaders, sendHead } from './headers.ts';
import { UpstreamAgent } from './upstream-agent.ts';

/** Kept-alive connections to the instances. No timeout on answers: a tool may think for an hour. */
export function createUpstreamAgent(): Agent {
  return new UpstreamAgent();
}

const requestIdHeader = 'x-request-id';

/** An answer up to this length is sent with its head in one write; in bytes. */
const shortBytes = 64 * 1024;

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
  /** Names the request here and there. */
  readonly requestId: string;
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
  /** The length of a short answer whose head is not sent yet; null for any other. */
  #heldLength: number | null = null;
  #held: Buffer | null = null;

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
    const isStream = isEventStream(header('content-type'));
    this.#isStream = isStream || this.#goesOn;
    if (!this.#goesOn) {
      const head = responseHeaders(controller.rawHeaders, header, this.#options);
      response.writeHead(status, head);
      this.#holdHead(isStream ? undefined : header('content-length'));
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
    if (this.#heldLength === chunk.length && this.#held === null) {
      this.#held = chunk;
      return;
    }
    this.flush();
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    const { response } = this.#options;
    if (this.#wrapped) response.write(messageEvent(Buffer.concat(this.#wrapped).toString('utf8')));
    const held = this.#held;
    this.#heldLength = null;
    this.#held = null;
    // As text of one-byte characters: Node writes that together with the head.
    if (held === null) response.end();
    else response.end(held.toString('latin1'), 'latin1');
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
      this.flush();
      response.destroy();
      this.#end('complete');
    }
  }

  /** A short answer nearly always comes as a whole: then its head waits for it, until the end of this turn. */
  #holdHead(length: string | undefined): void {
    const bytes = Number(length ?? Number.NaN);
    if (bytes <= shortBytes) {
      this.#heldLength = bytes;
      process.nextTick(flushHeld, this);
    } else sendHead(this.#options.response);
  }

  /** Sends what is held back. */
  flush(): void {
    if (this.#heldLength === null) return;
    const held = this.#held;
    this.#heldLength = null;
    this.#held = null;
    if (held === null) sendHead(this.#options.response);
    else this.#options.response.write(held);
  }

  #end(ending: Ending): void {
    this.onEnd();
    this.#resolve(ending);
  }
}

function flushHeld(exchange: Exchange): void {
  exchange.flush();
}

/** The client's headers without those of its connection, and without those that `Connection` names. */
export function requestHeaders(
  request: IncomingMessage,
  withoutLength: boolean,
  { omit, upstreamId, requestId }: Partial<Pick<Forwarding, 'omit' | 'upstreamId' | 'requestId'>>,
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
    if (requestId !== undefined && key === requestIdHeader) continue;
    kept.push(name, rawHeaders[index + 1] ?? '');
  }
  if (typeof upstreamId === 'string') kept.push('mcp-session-id', upstreamId);
  if (requestId !== undefined) kept.push(requestIdHeader, requestId);
  return kept;
}

/** The upstream's headers likewise, names and duplicates as they came. */
function responseHeaders(
  raw: Dispatcher.DispatchController['rawHeaders'],
  header: (name: string) => string | undefined,
  { publicId, requestId }: Pick<Forwarding, 'publicId' | 'requestId'>,
): string[] {
  const isOfConnection = connectionHeaders(header('connection'));
  const kept: string[] = [];
  if (!Array.isArray(raw)) return kept;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]);
    const key = name.toLowerCase();
    if (isOfConnection(key) || key === requestIdHeader) continue;
    const isSessionId = publicId !== undefined && key === 'mcp-session-id';
    const value = raw[index + 1] ?? '';
    kept.push(
      name,
      isSessionId ? publicId : typeof value === 'string' ? value : value.toString('latin1'),
    );
  }
  kept.push('X-Request-Id', requestId);
  // A proxy between us and the client must not hold events back (L17).
  const isStream = isEventStream(header('content-type'));
  if (isStream && header('x-accel-buffering') === undefined) kept.push('X-Accel-Buffering', 'no');
  return kept;
}
