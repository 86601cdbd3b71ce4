/**
 * A POST with requests in it, and its response: plain JSON when the one answer comes soon and alone, a
 * stream of events as soon as something else comes first or the answer takes its time (clients and
 * proxies give up on a response without a head, undici's fetch after 300 s).
 */
import type { ServerResponse } from 'node:http';
import type { Flow } from './flow.ts';
import { SseStream } from './sse-stream.ts';

/** After so long without an answer the head is sent, in ms. */
const headAfterMs = 1_000;

export interface ExchangeOptions {
  /** How many answers it gets; more than one for a batch. */
  readonly answers: number;
  readonly flow: Flow;
}

export class Exchange {
  readonly #response: ServerResponse;
  readonly #flow: Flow;
  #left: number;
  #stream: SseStream | null = null;
  #sessionId: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, { answers, flow }: ExchangeOptions) {
    this.#response = response;
    this.#flow = flow;
    this.#left = answers;
    response.once('close', () => clearTimeout(this.#timer));
    if (answers > 1) this.startStream();
  }

  /** False as soon as nothing can be sent any more: answered, or the client went away. */
  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  /** The session that the answer opens; an error that comes first opens none. */
  set sessionId(id: string) {
    this.#sessionId = id;
  }

  /** Called when the client goes away before its answer. */
  onGone(listener: () => void): void {
    this.#response.once('close', () => {
      if (!this.#response.writableEnded) listener();
    });
  }

  /** The head is sent when the answer takes its time; not for `initialize`, whose head names a session. */
  streamWhenSlow(): void {
    this.#timer = setTimeout(() => this.startStream(), headAfterMs);
  }

  startStream(): void {
    clearTimeout(this.#timer);
    if (this.#stream || !this.isOpen) return;
    this.#stream = new SseStream(this.#response, this.#flow, this.#headers());
  }

  /** A message that belongs to the request and comes before its answer. */
  send(text: string): void {
    this.startStream();
    this.#stream?.send(text);
  }

  /** The answer, or one of them. `status` counts only while no head is sent. */
  answer(text: string, { isError = false, status = 200 } = {}): void {
    clearTimeout(this.#timer);
    this.#left -= 1;
    if (!this.isOpen) return;
    if (this.#stream) {
      this.#stream.send(text);
      if (this.#left <= 0) this.#stream.end();
      return;
    }
    const headers = isError ? {} : this.#headers();
    this.#response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    this.#response.end(text);
  }

  /** One request gets no answer: it was cancelled. The last one ends the response. */
  skip(): void {
    this.#left -= 1;
    if (this.#left > 0 || !this.isOpen) return;
    this.startStream();
    this.#stream?.end();
  }

  /** Breaks the connection: the client or gateway sees that this server is gone, and acts on it. */
  abandon(): void {
    this.#response.destroy();
  }

  #headers(): Record<string, string> {
    return this.#sessionId === null ? {} : { 'Mcp-Session-Id': this.#sessionId };
  }
}
