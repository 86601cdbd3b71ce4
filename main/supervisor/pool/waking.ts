/**
 * The start of a pool that rests: one for all who wait for it. Each waits no longer than it may, or wants
 * to; the start goes on for the others.
 */
import { setTimeout as delay } from 'node:timers/promises';

export class Waking {
  readonly #start: () => Promise<void>;
  /** The start that goes on. */
  #begun: Promise<void> | null = null;

  constructor(start: () => Promise<void>) {
    this.#start = start;
  }

  get isUnderWay(): boolean {
    return this.#begun !== null;
  }

  /** Begins the start unless it goes on; resolves when it is done, throws when it failed or takes longer than `waitMs`. */
  async until(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    this.#begun ??= this.#start().finally(() => {
      this.#begun = null;
    });
    const over = new AbortController();
    const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
    const tooLong = delay(waitMs, 'too long', { ref: false, signal: either });
    try {
      const ending = await Promise.race([this.#begun, tooLong]);
      if (ending === 'too long') throw new Error(`it is not ready after ${waitMs} ms`);
    } finally {
      over.abort();
      // The one of the two that lost the race.
      tooLong.catch(() => {});
    }
  }
}
