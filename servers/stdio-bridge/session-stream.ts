/**
 * What a session is told outside of its requests: on its GET stream, and kept for a bounded while when
 * there is none. Each message goes out once, on one stream (MCP 2025-11-25 transports).
 */
import type { ServerResponse } from 'node:http';
import type { Flow } from './flow.ts';
import { SseStream } from './sse-stream.ts';

/** What waits for a stream, per session: enough for a reconnect, not for a client that never comes. */
const maxWaitingMessages = 1_000;
const maxWaitingBytes = 4 * 1024 * 1024;

interface Waiting {
  readonly text: string;
  readonly onDropped: () => void;
}

export class SessionStream {
  readonly #flow: Flow;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #stream: SseStream | null = null;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  get isOpen(): boolean {
    return this.#stream?.isOpen === true;
  }

  /** Takes the response of a GET and sends what waits; false when there is a stream already. */
  open(response: ServerResponse): boolean {
    if (this.isOpen) return false;
    const stream = new SseStream(response, this.#flow);
    this.#stream = stream;
    for (const { text } of this.#waiting.splice(0)) stream.send(text);
    this.#waitingBytes = 0;
    return true;
  }

  /** Sends, or keeps for the next stream; the oldest kept ones give way and are told of. */
  send(text: string, onDropped: () => void): void {
    if (this.#stream?.isOpen) {
      this.#stream.send(text);
      return;
    }
    this.#waiting.push({ text, onDropped });
    this.#waitingBytes += text.length;
    while (
      this.#waiting.length > maxWaitingMessages ||
      (this.#waitingBytes > maxWaitingBytes && this.#waiting.length > 1)
    ) {
      this.#dropOldest();
    }
  }

  end(): void {
    this.#stream?.end();
    while (this.#waiting.length > 0) this.#dropOldest();
  }

  #dropOldest(): void {
    const oldest = this.#waiting.shift();
    if (oldest === undefined) return;
    this.#waitingBytes -= oldest.text.length;
    oldest.onDropped();
  }
}
