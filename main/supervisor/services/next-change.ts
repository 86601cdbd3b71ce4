/** Wakes all who wait for the next change, whatever it is; they look for themselves and may wait again. */
export class NextChange {
  #waiters: (() => void)[] = [];

  /** Resolves with the next `tell`. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
    });
  }

  /** Something has changed. */
  tell(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
