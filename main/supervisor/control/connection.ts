/**
 * One client of a line door. Every line gets exactly one reply: requests without an `id` in their
 * order, as old clients expect, those with one as soon as they are done. A client that asks faster than
 * it is answered, or that does not read, is read no further until it catches up; what it has sent until
 * then is bounded, and so are the replies that wait for it. Nobody else notices.
 */
import type { Socket } from 'node:net';
import { type Dispatch, idOf, type Received, readRequest } from './dispatcher.ts';
import type { Line } from './ndjson.ts';

/** Requests of one connection that are worked on at the same time. */
const maxRunning = 64;

export class Connection {
  readonly #socket: Socket;
  readonly #dispatch: Dispatch;
  readonly #waiting: Line[] = [];
  #running = 0;
  #inOrder: Promise<void> = Promise.resolve();
  #finishing = false;

  constructor(socket: Socket, dispatch: Dispatch) {
    this.#socket = socket;
    this.#dispatch = dispatch;
    socket.on('drain', () => this.#proceed());
    // Requests of a client that went away are done all the same; their replies have no reader.
    socket.on('close', () => this.#proceed());
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
      this.#begin(readRequest(line));
    }
    if (this.#waiting.length > 0) this.#socket.pause();
    else if (this.#socket.isPaused() && !this.#finishing) this.#socket.resume();
    if (this.#finishing && this.#waiting.length === 0 && this.#running === 0) {
      this.#socket.destroySoon();
    }
  }

  #begin(received: Received): void {
    this.#running += 1;
    const mayOvertake = 'request' in received && 'id' in idOf(received.request);
    if (mayOvertake) void this.#answer(received);
    else this.#inOrder = this.#inOrder.then(() => this.#answer(received));
  }

  async #answer(received: Received): Promise<void> {
    const reply = 'refusal' in received ? received.refusal : await this.#dispatch(received.request);
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(reply)}\n`);
    this.#running -= 1;
    this.#proceed();
  }
}
