/**
 * One client of a line door. Every line gets exactly one reply: requests without an `id` in their
 * order, as old clients expect, those with one as soon as they are done. A client that asks faster than
 * it is answered, or that does not read, is read no further until it catches up; what it has sent until
 * then is bounded, and so are the replies that wait for it: at that bound it is let go. Nobody else notices.
 */
import type { Socket } from 'node:net';
import type { CallerConnection } from './caller.ts';
import { type Dispatch, idOf, type Received, readRequest, refusal } from './dispatcher.ts';
import type { Line } from './ndjson.ts';

/** Requests of one connection that are worked on at the same time. */
const maxRunning = 64;

/** Replies that a client has not read, in bytes: more than all that run can sensibly answer. */
const maxBacklogBytes = 16 * 1024 * 1024;

/** What a client has not read, in bytes, when it is told no more news: replies have their own room. */
const maxNewsBytes = 1024 * 1024;

export interface ConnectionOptions {
  readonly dispatch: Dispatch;
  /** Lets a request through or throws why not; null where everybody is welcome. */
  readonly admit: ((request: unknown) => void) | null;
  /** It was ended by us, and why. */
  readonly onCut: (reason: string) => void;
}

export class Connection implements CallerConnection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #waiting: Line[] = [];
  readonly #readers = new Set<() => void>();
  readonly #gone = new AbortController();
  #running = 0;
  #inOrder: Promise<void> = Promise.resolve();
  #finishing = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('drain', () => {
      this.#proceed();
      for (const reader of this.#readers) reader();
    });
    // Requests of a client that went away are done all the same; their replies have no reader.
    socket.on('close', () => {
      this.#gone.abort();
      this.#proceed();
    });
  }

  get closed(): AbortSignal {
    return this.#gone.signal;
  }

  tell(line: object): boolean {
    if (!this.#socket.writable || this.#socket.writableLength > maxNewsBytes) return false;
    this.#socket.write(`${JSON.stringify(line)}\n`);
    return true;
  }

  onRead(listener: () => void): () => void {
    this.#readers.add(listener);
    return () => this.#readers.delete(listener);
  }

  receive(lines: readonly Line[]): void {
    for (const line of lines) this.#waiting.push(line);
    this.#proceed();
  }

  /** No more requests come; ends the connection after the replies that are due. */
  finish(): void {
    this.#finishing = true;
    this.#socket.pause();
    this.#proceed();
  }

  #proceed(): void {
    while (this.#running < maxRunning && !this.#socket.writableNeedDrain) {
      const line = this.#waiting.shift();
      if (line === undefined) break;
      this.#begin(this.#admitted(readRequest(line)));
    }
    if (this.#waiting.length > 0) this.#socket.pause();
    else if (this.#socket.isPaused() && !this.#finishing) this.#socket.resume();
    if (this.#finishing && this.#waiting.length === 0 && this.#running === 0) {
      this.#socket.destroySoon();
    }
  }

  #admitted(received: Received): Received {
    const { admit } = this.#options;
    if (admit === null || 'refusal' in received) return received;
    try {
      admit(received.request);
      return received;
    } catch (error) {
      return { refusal: { ...refusal(error), ...idOf(received.request) } };
    }
  }

  #begin(received: Received): void {
    this.#running += 1;
    const mayOvertake = 'request' in received && 'id' in idOf(received.request);
    if (mayOvertake) void this.#answer(received);
    else this.#inOrder = this.#inOrder.then(() => this.#answer(received));
  }

  async #answer(received: Received): Promise<void> {
    const reply =
      'refusal' in received
        ? received.refusal
        : await this.#options.dispatch(received.request, { connection: this });
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(reply)}\n`);
    this.#running -= 1;
    if (this.#socket.writableLength > maxBacklogBytes) {
      this.#options.onCut('it does not read its replies');
      this.#socket.destroy();
    }
    this.#proceed();
  }
}
