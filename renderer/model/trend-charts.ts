/** The charts of the trends view, as data: what each shows and how it is said in words. */
import type { TrendSample } from '../../shared/control-replies.ts';
import { formatCount } from './format.ts';

export interface TrendLine {
  readonly name: string;
  readonly of: (sample: TrendSample) => number | null;
}

export interface TrendChart {
  readonly title: string;
  /** What the numbers count, where the title does not say it; empty for a bare number. */
  readonly unit: string;
  readonly lines: readonly TrendLine[];
  /** The value at the top is at least this one, so that noise near zero stays low. */
  readonly leastTop: number;
  /** Counts of an interval are bars; what flows is a line. */
  readonly look: 'line' | 'bars';
}

export const trendCharts: readonly TrendChart[] = [
  {
    title: 'Events',
    unit: 'per s',
    lines: [{ name: 'Events', of: (sample) => sample.events_per_second }],
    leastTop: 1,
    look: 'line',
  },
  {
    title: 'Sessions',
    unit: '',
    lines: [{ name: 'Sessions', of: (sample) => sample.sessions }],
    leastTop: 4,
    look: 'line',
  },
  {
    title: 'Calls',
    unit: 'per s',
    lines: [{ name: 'Calls', of: (sample) => sample.calls_per_second }],
    leastTop: 1,
    look: 'line',
  },
  {
    title: 'Latency of calls',
    unit: 'ms',
    lines: [
      { name: 'p50', of: (sample) => sample.latency_p50_ms },
      { name: 'p99', of: (sample) => sample.latency_p99_ms },
    ],
    leastTop: 10,
    look: 'line',
  },
  {
    title: 'Restarts',
    unit: 'in 10 s',
    lines: [{ name: 'Restarts', of: (sample) => sample.restarts }],
    leastTop: 2,
    look: 'bars',
  },
];

/** What is known of a line: null where nothing was measured. */
interface LineFacts {
  readonly now: number | null;
  readonly least: number;
  readonly most: number;
}

/** `Events: now 3.2 per s, 0 to 41 in the last 60 min.`; for those who do not see the chart, and for all. */
export function trendSummary(chart: TrendChart, samples: readonly TrendSample[]): string {
  const span = spanText(samples);
  const parts = chart.lines.map(({ name, of }) => {
    const facts = factsOf(samples.map(of));
    const label = chart.lines.length === 1 ? '' : `${name} `;
    if (facts === null) return `${label}nothing measured`;
    const now = facts.now === null ? '–' : withUnit(facts.now, chart.unit);
    return `${label}now ${now}, ${formatValue(facts.least)} to ${formatValue(facts.most)}`;
  });
  return `${parts.join('; ')} in the last ${span}`;
}

/** A number as short as it stays true: `0`, `0.25`, `3.2`, `1,204`. */
export function formatValue(value: number): string {
  if (Number.isInteger(value) || value >= 100) return formatCount(value);
  return value >= 10 ? value.toFixed(1) : String(Math.round(value * 100) / 100);
}

function withUnit(value: number, unit: string): string {
  return unit === '' ? formatValue(value) : `${formatValue(value)} ${unit}`;
}

function factsOf(values: readonly (number | null)[]): LineFacts | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const least = known.reduce((one, other) => Math.min(one, other));
  const most = known.reduce((one, other) => Math.max(one, other));
  return { now: values.at(-1) ?? null, least, most };
}

function spanText(samples: readonly TrendSample[]): string {
  const first = samples.at(0)?.at ?? 0;
  const last = samples.at(-1)?.at ?? 0;
  const minutes = Math.round((last - first) / 60_000);
  return minutes < 1 ? 'minute' : `${minutes} min`;
}
