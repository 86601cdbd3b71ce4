/**
 * The page's WebSocket: one at a time, opened again after every loss (1 s, doubling to 30 s, from the
 * start after a good connection). It never gives up and never polls.
 */
import type { SocketMessage } from '../dashboard-api.d.ts';

const firstWaitMs = 1_000;
const longestWaitMs = 30_000;

export interface LiveConnectionOptions {
  readonly open: () => WebSocket;
  readonly connected: () => void;
  readonly lost: () => void;
  readonly message: (message: SocketMessage) => void;
}

export class LiveConnection {
  readonly #options: LiveConnectionOptions;
  #socket: WebSocket | null = null;
  #waitMs = firstWaitMs;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveConnectionOptions) {
    this.#options = options;
    this.#open();
  }

  /** Cuts the wait for the next try short; does nothing while connected or trying. */
  tryNow(): void {
    if (this.#socket !== null) return;
    clearTimeout(this.#timer);
    this.#open();
  }

  #open(): void {
    const { open, connected, message } = this.#options;
    const socket = open();
    this.#socket = socket;
    socket.onopen = () => {
      this.#waitMs = firstWaitMs;
      connected();
    };
    socket.onmessage = (event) => message(JSON.parse(String(event.data)) as SocketMessage);
    // A refused connection fires `error` and then `close`; a lost one only `close`.
    socket.onclose = () => this.#closed();
  }

  #closed(): void {
    this.#socket = null;
    this.#options.lost();
    this.#timer = setTimeout(() => this.#open(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, longestWaitMs);
  }
}
