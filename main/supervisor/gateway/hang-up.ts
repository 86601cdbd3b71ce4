/** Whether a request's client has hung up. The signal is made only for who waits: it costs more than the rest of a call. */
import type { ServerResponse } from 'node:http';

export class HangUp {
  #isOver = false;
  #controller: AbortController | null = null;

  constructor(response: ServerResponse) {
    response.once('close', () => {
      if (response.writableFinished) return;
      this.#isOver = true;
      this.#controller?.abort();
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Aborts when the client hangs up before it has its answer. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isOver) this.#controller.abort();
    return this.#controller.signal;
  }
}
