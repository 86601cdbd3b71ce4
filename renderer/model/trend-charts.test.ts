import { expect, test } from 'vitest';
import type { TrendSample } from '../../shared/control-replies.ts';
import { formatValue, trendCharts, trendSummary } from './trend-charts.ts';

function sample(minute: number, given: Partial<TrendSample> = {}): TrendSample {
  return {
    at: minute * 60_000,
    events_per_second: 0,
    sessions: 0,
    calls_per_second: 0,
    latency_p50_ms: null,
    latency_p99_ms: null,
    restarts: 0,
    ...given,
  };
}

function summaryOf(title: string, samples: readonly TrendSample[]): string {
  const chart = trendCharts.find((each) => each.title === title);
  if (!chart) throw new Error(title);
  return trendSummary(chart, samples);
}

test('a chart is said in words: now, least, most, and over which time', () => {
  const samples = [sample(0, { events_per_second: 41 }), sample(60, { events_per_second: 3.2 })];
  expect(summaryOf('Events', samples)).toBe('now 3.2 per s, 3.2 to 41 in the last 60 min');
});

test('latency is told for the middle and the slow end, and not at all without calls', () => {
  const samples = [sample(0, { latency_p50_ms: 4, latency_p99_ms: 120.4 }), sample(2)];
  expect(summaryOf('Latency of calls', samples)).toBe(
    'p50 now –, 4 to 4; p99 now –, 120 to 120 in the last 2 min',
  );
  expect(summaryOf('Latency of calls', [sample(0)])).toBe(
    'p50 nothing measured; p99 nothing measured in the last minute',
  );
});

test.each([
  [0, '0'],
  [0.254, '0.25'],
  [12.34, '12.3'],
  [1204.4, '1,204'],
])('%d is written %s', (value, text) => {
  expect(formatValue(value)).toBe(text);
});
