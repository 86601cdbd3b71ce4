/** One wait until the next try, and when it ends as people read it. */

/** A wall clock that is off by more than this was set. */
const clockToleranceMs = 1_000;

export class RetryTimer {
  #timer: NodeJS.Timeout | null = null;
  /** Monotonic: no clock that is set brings it nearer. */
  #due = 0;
  #shown = new Date(0);

  /**
   * Calls `fire` after `delayMs`, later when `more` then asks for more ms. Takes the place of an earlier
   * wait.
   */
  set(delayMs: number, more: () => number, fire: () => void): void {
    this.cancel();
    this.#due = performance.now() + delayMs;
    this.#shown = new Date(Date.now() + delayMs);
    this.#timer = setTimeout(() => {
      const moreMs = more();
      if (moreMs > 0) {
        this.set(moreMs, more, fire);
        return;
      }
      this.#timer = null;
      fire();
    }, delayMs);
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** By the clock on the wall as it is now; null when nothing is waited for. */
  dueAt(): Date | null {
    if (this.#timer === null) return null;
    const due = Date.now() + this.#due - performance.now();
    if (Math.abs(due - this.#shown.getTime()) > clockToleranceMs) this.#shown = new Date(due);
    return this.#shown;
  }
}
