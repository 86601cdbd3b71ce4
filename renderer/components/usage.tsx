import { formatBytes, formatPercent } from '../model/format.ts';
import { type UsagePoint, usageSpanMs } from '../model/usage-history.ts';
import { Sparkline } from './sparkline.tsx';
import styles from './usage.module.css';

interface Measure {
  readonly name: string;
  readonly of: (point: UsagePoint) => number | null;
  readonly format: (value: number) => string;
  readonly leastTop: number;
}

const measures = {
  cpu: {
    name: 'CPU',
    of: (point) => point.cpuPercent,
    format: formatPercent,
    // A tenth of a processor: a resting service draws a line at the bottom, not mountains of noise.
    leastTop: 10,
  },
  memory: {
    name: 'Memory',
    of: (point) => point.rssBytes,
    format: formatBytes,
    leastTop: 1,
  },
} as const satisfies Record<string, Measure>;

interface Props {
  readonly measure: keyof typeof measures;
  /** Oldest first. */
  readonly points: readonly UsagePoint[];
  readonly size?: 'cell' | 'large';
}

/** The newest value as text, and how it went as a line. A dash over an empty line where it is not known. */
export function Usage({ measure, points, size = 'cell' }: Props) {
  const { name, of, format, leastTop }: Measure = measures[measure];
  const values = points.map((point) => ({ at: point.at, value: of(point) }));
  const newest = values.at(-1)?.value ?? null;
  const known = values.flatMap(({ value }) => (value === null ? [] : [value]));
  const label =
    known.length === 0
      ? `${name}: not known`
      : `${name} in the last two minutes: ${format(Math.min(...known))} to ${format(Math.max(...known))}`;
  return (
    <span className={styles.usage} data-size={size}>
      {newest === null ? <span className={styles.unknown}>–</span> : <span>{format(newest)}</span>}
      <Sparkline
        points={values}
        spanMs={usageSpanMs}
        leastTop={leastTop}
        label={label}
        size={size}
      />
    </span>
  );
}

/** The same for a cell, which shows a dash of its own: null where nothing was known for two minutes. */
export function usageOf(measure: Props['measure'], points: Props['points']) {
  const { of } = measures[measure];
  if (points.every((point) => of(point) === null)) return null;
  return <Usage measure={measure} points={points} />;
}
