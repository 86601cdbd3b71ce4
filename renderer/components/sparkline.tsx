import { memo } from 'react';
import styles from './sparkline.module.css';

/** A value at a moment; null where it was not known, which breaks the line. */
export interface SparkPoint {
  readonly at: number;
  readonly value: number | null;
}

interface Props {
  /** Oldest first. */
  readonly points: readonly SparkPoint[];
  /** The width of the drawing, in ms; it ends with the newest point. */
  readonly spanMs: number;
  /** The value at the top is at least this one, so that noise near zero stays low. */
  readonly leastTop: number;
  /** What the drawing says, for those who do not see it. */
  readonly label: string;
  readonly size?: 'cell' | 'large';
}

const width = 100;
const height = 20;

/** Longer without a point, in ms, nobody looked: the line is broken there. */
const breakMs = 10_000;

/** A small line of how a value went. The value itself stands beside it as text. */
export const Sparkline = memo(function Sparkline(props: Props) {
  const { points, spanMs, leastTop, label, size = 'cell' } = props;
  return (
    <svg
      className={styles.spark}
      data-size={size}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path className={styles.base} d={`M0 ${height - 0.5}H${width}`} />
      <path className={styles.line} d={sparkPath(points, spanMs, leastTop)} />
    </svg>
  );
});

/** The line in units of 100 × 20; empty where nothing is known. */
function sparkPath(points: readonly SparkPoint[], spanMs: number, leastTop: number): string {
  const end = points.at(-1)?.at ?? 0;
  const top = points.reduce((most, { value }) => Math.max(most, value ?? 0), leastTop);
  let path = '';
  let before: number | null = null;
  for (const { at, value } of points) {
    if (value === null) {
      before = null;
      continue;
    }
    const x = (width * (1 - (end - at) / spanMs)).toFixed(1);
    const y = (height - 1 - (value / top) * (height - 2)).toFixed(1);
    path += `${before === null || at - before > breakMs ? 'M' : 'L'}${x} ${y}`;
    before = at;
  }
  return path;
}
