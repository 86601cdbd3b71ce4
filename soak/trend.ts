/** Whether something grows: the slope of what was measured over time, and how sure it is. */

export interface Point {
  /** Since the start, in s. */
  readonly second: number;
  readonly value: number;
}

export interface Trend {
  readonly perHour: number;
  /** Twice the standard error: the true slope is within it with 95 %. Infinite with too few points. */
  readonly errorPerHour: number;
}

/**
 * What lies next to each other in time is alike (memory is collected now and then), and would make the
 * error look smaller than it is; so means of so many blocks are compared, and not single points.
 */
const blocks = 12;

/** By least squares. */
export function trendOf(points: readonly Point[]): Trend {
  const means = blockMeans(points);
  const count = means.length;
  const middle = mean(means.map(({ second }) => second));
  const height = mean(means.map(({ value }) => value));
  const spread = means.reduce((sum, { second }) => sum + (second - middle) ** 2, 0);
  if (count < 3 || spread === 0) return { perHour: 0, errorPerHour: Number.POSITIVE_INFINITY };
  const slope =
    means.reduce((sum, { second, value }) => sum + (second - middle) * (value - height), 0) /
    spread;
  const rest = means.reduce(
    (sum, { second, value }) => sum + (value - height - slope * (second - middle)) ** 2,
    0,
  );
  const error = Math.sqrt(rest / (count - 2) / spread);
  return { perHour: slope * 3_600, errorPerHour: 2 * error * 3_600 };
}

function blockMeans(points: readonly Point[]): readonly Point[] {
  const size = Math.max(1, Math.ceil(points.length / blocks));
  return Array.from({ length: Math.ceil(points.length / size) }, (_each, index) => {
    const block = points.slice(index * size, (index + 1) * size);
    return {
      second: mean(block.map(({ second }) => second)),
      value: mean(block.map(({ value }) => value)),
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
