/** Whether a request's client has hung up. The signal is made only for who waits. */
import type { ServerResponse } from 'node:http';

/** Who wants to know at once. */
export interface HangUpListener {
  clientClosed(): void;
}

export class HangUp {
  #isOver = false;
  #controller: AbortController | null = null;
  #listener: HangUpListener | null = null;

  constructor(response: ServerResponse) {
    // It comes once, and `on` costs less than `once`.
    response.on('close', () => {
      if (response.writableFinished) return;
      this.#isOver = true;
      this.#listener?.clientClosed();
      this.#controller?.abort();
    });
  }

  /** Tells this one, and nobody else any more; null for nobody. */
  tell(listener: HangUpListener | null): void {
    this.#listener = listener;
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
