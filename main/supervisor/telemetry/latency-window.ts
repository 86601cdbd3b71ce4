/**
 * How long calls took since it was last emptied, in counts of narrow ranges: adding one is an increment,
 * and a percentile is off by five in a hundred at most, however many calls there were.
 */

/** The shortest time told apart, in seconds. */
const leastSeconds = 0.000_1;
/** Each range ends this much above where it begins. */
const ratio = 1.1;
/** Up to ten minutes; what took longer counts as that. */
const ranges = Math.ceil(Math.log(600 / leastSeconds) / Math.log(ratio));

export class LatencyWindow {
  readonly #counts = new Uint32Array(ranges + 1);
  #total = 0;

  /** How many there are. */
  get total(): number {
    return this.#total;
  }

  add(seconds: number): void {
    const range = Math.ceil(Math.log(seconds / leastSeconds) / Math.log(ratio));
    const index = Math.min(ranges, Math.max(0, range));
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** The milliseconds that `share` (0 to 1) of the calls did not exceed; null without calls. */
  percentileMs(share: number): number | null {
    if (this.#total === 0) return null;
    let left = Math.max(1, Math.ceil(share * this.#total));
    const index = this.#counts.findIndex((count) => {
      left -= count;
      return left <= 0;
    });
    // The middle of the range.
    const ms = leastSeconds * 1_000 * ratio ** (index - 0.5);
    return Math.round(ms * 100) / 100;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
