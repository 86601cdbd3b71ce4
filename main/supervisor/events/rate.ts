/** Counts what happened in the last full minute, in constant memory. */
export class MinuteRate {
  readonly #now: () => number;
  readonly #seconds = new Uint32Array(60);
  #current: number;

  /** `now` is a monotonic clock in ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#current = Math.floor(now() / 1000);
  }

  count(): void {
    this.#advance();
    const place = this.#current % 60;
    this.#seconds[place] = (this.#seconds[place] ?? 0) + 1;
  }

  get perMinute(): number {
    this.#advance();
    return this.#seconds.reduce((sum, each) => sum + each, 0);
  }

  /** Forgets the seconds that have passed since the last look. */
  #advance(): void {
    const second = Math.floor(this.#now() / 1000);
    if (second - this.#current >= 60) this.#seconds.fill(0);
    else {
      for (let passed = this.#current + 1; passed <= second; passed += 1)
        this.#seconds[passed % 60] = 0;
    }
    this.#current = second;
  }
}
