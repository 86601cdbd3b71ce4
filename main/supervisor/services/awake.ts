/**
 * Time that this process really lived through. A suspended laptop, a stopped process (SIGSTOP) and a frozen
 * container let the monotonic clock run on or not, and then fire every timer at once: what seems to
 * have taken too long may have had no chance. Deadlines for others are therefore counted in time during
 * which we looked.
 */

/** A wait that takes so much longer than it was meant to was not our own: we slept. */
export const sleepToleranceMs = 2_000;

export class AwakeTime {
  #last = performance.now();
  #awakeMs = 0;

  /** Since it was made, in ms, without the time in which nobody looked. */
  get elapsedMs(): number {
    return this.#awakeMs;
  }

  /**
   * To be called after each wait that was meant to take up to `expectedMs`. True when it took so much
   * longer that we must have slept; then that time does not count.
   */
  sleptDuring(expectedMs: number): boolean {
    const now = performance.now();
    const tookMs = now - this.#last;
    this.#last = now;
    const slept = tookMs > expectedMs + sleepToleranceMs;
    this.#awakeMs += slept ? expectedMs : tookMs;
    return slept;
  }
}
