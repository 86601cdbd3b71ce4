/**
 * Carries one HTTP exchange to an upstream and back: nothing is buffered, heads go out as soon as they
 * are known (an idle SSE stream must show its head at once), and each side's pace holds the other back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import { atEndOfTurn, type LateWriter } from './end-of-turn.ts';
import { endOfHalfEvent, isEventStream, messageEvent } from './event-stream.ts';
import type { HangUp, HangUpListener } from './hang-up.ts';
import { connectionHeaders, sendHead } from './headers.ts';
import { UpstreamAgent } from './upstream-agent.ts';

/** Kept-alive connections to the instances. No timeout on answers: a tool may think for an hour. */
export function createUpstreamAgent(): Agent {
  return new UpstreamAgent();
}

const requestIdHeader = 'x-request-id';

/** As much of an answer waits for the end of the turn, to be sent in one write with its head; in bytes. */
const shortBytes = 64 * 1024;

export interface Forwarding {
  readonly agent: Agent;
  readonly origin: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly hungUp: HangUp;
  /** What to send upstream; null for no body. */
  readonly body: Buffer | AsyncIterable<Buffer> | null;
  /** Request headers to leave out, in lower case. */
  readonly omit?: ReadonlySet<string> | undefined;
  /** The session's id at the instance; sent instead of the one that the client knows. */
  readonly upstreamId?: string | null;
  /** The session's id that the client gets to know instead of the instance's. */
  readonly publicId?: string | undefined;
  /** Names the request here and there. */
  readonly requestId: string;
  /** Ends the exchange from this side: the session has left the instance. */
  readonly left?: AbortSignal | undefined;
  /**
   * Whether the client's stream stays open when the upstream breaks off in the middle of it, so that
   * another exchange can go on with it.
   */
  readonly keepStream?: boolean;
  /** What the client gets of a stream of events, where that is not all of it. */
  readonly sieve?: { pass(part: Buffer): Buffer; rest(): Buffer } | undefined;
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
  const { agent, origin, request, body } = options;
  return new Promise((resolve, reject) => {
    const exchange = new Exchange(options, resolve, reject);
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
class Exchange implements Dispatcher.DispatchHandler, LateWriter, HangUpListener {
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
  /** The head, while it is not sent: one answer that comes as a whole is one write. */
  #head: { readonly status: number; readonly fields: string[] } | null = null;
  /** What came in this turn and is not sent. */
  #parts: Buffer[] = [];
  #heldBytes = 0;
  #isDue = false;
  #isOver = false;
  #sieve: Forwarding['sieve'] = undefined;
  // A field of the class: V8 puts a function that is assigned to a property where the long-lived are, and
  // what a call holds would stay with it until the next full collection.
  readonly #onLeft = () => this.#abort();

  constructor(
    options: Forwarding,
    resolve: (ending: Ending) => void,
    reject: (error: Error) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#goesOn = options.response.headersSent;
    options.hungUp.tell(this);
    options.left?.addEventListener('abort', this.#onLeft, { once: true });
  }

  /** This side ends it: the upstream fails for the client, as if it had died. */
  #abort(): void {
    this.#controller?.abort(new Error('the session has left the instance'));
  }

  /** The client hung up: the upstream's socket is freed (which cancels nothing in legacy MCP, L11). */
  clientClosed(): void {
    this.#clientGone = true;
    this.#controller?.abort(new Error('the client closed the connection'));
    this.#end('complete');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#clientGone) controller.abort(new Error('the client closed the connection'));
    else if (this.#options.left?.aborted) this.#abort();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const { onHead } = this.#options;
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
    if (isStream && header('content-encoding') === undefined) this.#sieve = this.#options.sieve;
    if (!this.#goesOn) {
      const fields = responseHeaders(controller.rawHeaders, header, this.#options);
      this.#head = { status, fields };
      this.#writeSoon();
    } else if (status !== 200) {
      this.#hasHead = false;
      controller.abort(new Error(`the instance answered ${status}`));
    } else if (!isStream) {
      this.#wrapped = [];
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, came: Buffer): void {
    const { onData } = this.#options;
    const chunk = this.#sieve ? this.#sieve.pass(came) : came;
    if (chunk.length === 0) return;
    onData(chunk);
    if (this.#wrapped) this.#wrapped.push(chunk);
    else this.#hold(chunk);
  }

  onResponseEnd(): void {
    const rest = this.#sieve?.rest();
    if (rest && rest.length > 0) {
      this.#options.onData(rest);
      this.#hold(rest);
    }
    if (this.#wrapped) {
      this.#hold(Buffer.from(messageEvent(Buffer.concat(this.#wrapped).toString('utf8'))));
    }
    this.#isOver = true;
    this.#writeSoon();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#clientGone) return;
    const { response, keepStream } = this.#options;
    if (!this.#hasHead) {
      this.#unlisten();
      this.#reject(error);
    } else if (keepStream && this.#isStream) {
      this.#flush();
      response.write(endOfHalfEvent);
      this.#end('broken');
    } else {
      this.#flush();
      response.destroy();
      this.#end('complete');
    }
  }

  #hold(part: Buffer): void {
    this.#parts.push(part);
    this.#heldBytes += part.length;
    if (this.#heldBytes > shortBytes) this.#flush();
    else this.#writeSoon();
  }

  #writeSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    atEndOfTurn(this);
  }

  writeNow(): void {
    this.#isDue = false;
    if (this.#clientGone) return;
    if (this.#isOver && this.#head !== null) this.#sendWhole(this.#head);
    else {
      this.#flush();
      if (this.#isOver) this.#options.response.end();
    }
    if (this.#isOver) this.#end('complete');
  }

  /** The whole answer came within a turn. */
  #sendWhole({ status, fields }: { readonly status: number; readonly fields: string[] }): void {
    const { response } = this.#options;
    const parts = this.#takeParts();
    const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
    if (bytes.length > 0 && !hasField(fields, 'content-length')) {
      fields.push('Content-Length', String(bytes.length));
    }
    response.writeHead(status, fields);
    // As text of one-byte characters: Node writes that together with the head.
    if (bytes.length === 0) response.end();
    else response.end(bytes.toString('latin1'), 'latin1');
  }

  /** Sends what is held back. */
  #flush(): void {
    const { response } = this.#options;
    const head = this.#head;
    this.#head = null;
    if (head !== null) response.writeHead(head.status, head.fields);
    const parts = this.#takeParts();
    if (head !== null && parts.length === 0) sendHead(response);
    let hasRoom = true;
    for (const part of parts) hasRoom = response.write(part);
    const controller = this.#controller;
    if (hasRoom || controller === null) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  #takeParts(): readonly Buffer[] {
    const parts = this.#parts;
    this.#parts = [];
    this.#heldBytes = 0;
    return parts;
  }

  #end(ending: Ending): void {
    this.#unlisten();
    this.#resolve(ending);
  }

  #unlisten(): void {
    this.#options.hungUp.tell(null);
    this.#options.left?.removeEventListener('abort', this.#onLeft);
  }
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
  const isStream = isEventStream(header('content-type'));
  const kept: string[] = [];
  if (!Array.isArray(raw)) return kept;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]);
    const key = name.toLowerCase();
    if (isOfConnection(key) || key === requestIdHeader) continue;
    // The client may get less of a stream, or more.
    if (isStream && key === 'content-length') continue;
    const isSessionId = publicId !== undefined && key === 'mcp-session-id';
    const value = raw[index + 1] ?? '';
    kept.push(
      name,
      isSessionId ? publicId : typeof value === 'string' ? value : value.toString('latin1'),
    );
  }
  kept.push('X-Request-Id', requestId);
  // A proxy between us and the client must not hold events back (L17).
  if (isStream && header('x-accel-buffering') === undefined) kept.push('X-Accel-Buffering', 'no');
  return kept;
}

function hasField(fields: readonly string[], wanted: string): boolean {
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() === wanted) return true;
  }
  return false;
}
