import { expect, test } from 'vitest';
import { LatencyWindow } from './latency-window.ts';

function windowOf(...milliseconds: readonly number[]): LatencyWindow {
  const window = new LatencyWindow();
  for (const ms of milliseconds) window.add(ms / 1_000);
  return window;
}

test('percentiles are right to five in a hundred, from microseconds to minutes', () => {
  for (const scale of [1, 1_000]) {
    const window = windowOf(
      ...Array.from({ length: 1_000 }, (_none, index) => (index + 1) * scale),
    );
    for (const share of [0.01, 0.5, 0.9, 0.99]) {
      const exact = Math.min(600_000, share * 1_000 * scale);
      const told = window.percentileMs(share) ?? 0;
      expect(Math.abs(told - exact) / exact).toBeLessThan(0.06);
    }
  }
});

test('without calls there is no percentile, and after emptying there are no calls', () => {
  const window = windowOf(3);
  expect(window.total).toBe(1);
  window.clear();
  expect(window.total).toBe(0);
  expect(window.percentileMs(0.5)).toBeNull();
});

test('nothing is out of range: calls that took no time, and calls that took hours', () => {
  expect(windowOf(0).percentileMs(0.99)).toBeLessThan(0.2);
  expect(windowOf(9e9).percentileMs(0.99)).toBeGreaterThan(500_000);
});
