/** How long to wait between two tries: soon at first, since a restart takes a second; then rarely. */
import { setTimeout as delay } from 'node:timers/promises';

const firstWaitMs = 200;
const longestWaitMs = 10_000;

/** Each wait is up to this part shorter, so that many clients do not come back in the same moment. */
const jitter = 0.3;

export class BackOff {
  #tries = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The next wait, in ms. */
  next(): number {
    const wait = Math.min(firstWaitMs * 2 ** this.#tries, longestWaitMs);
    this.#tries += 1;
    return wait * (1 - jitter * this.#random());
  }

  /** It went well: the next failure is a new one. */
  reset(): void {
    this.#tries = 0;
  }

  /** Waits; ends early, without an error, when `signal` says so. */
  async wait(signal: AbortSignal): Promise<void> {
    await delay(this.next(), undefined, { signal }).catch(() => {});
  }
}
