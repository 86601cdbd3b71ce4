import { expect, test } from 'vitest';
import { trendOf } from './trend.ts';

const seconds = Array.from({ length: 600 }, (_each, second) => second);

test('a leak of 36 MiB an hour is seen below a saw tooth of collections ten times its size', () => {
  const points = seconds.map((second) => ({
    second,
    value: 90 + second / 100 + (second % 10) * 6,
  }));
  const { perHour, errorPerHour } = trendOf(points);
  expect(perHour).toBeGreaterThan(30);
  expect(perHour).toBeLessThan(42);
  expect(perHour - errorPerHour).toBeGreaterThan(20);
});

test('what only swings does not grow beyond the error', () => {
  const points = seconds.map((second) => ({ second, value: 90 + 5 * Math.sin(second / 40) }));
  const { perHour, errorPerHour } = trendOf(points);
  expect(Math.abs(perHour)).toBeLessThan(errorPerHour);
});

test('of two points nothing is claimed', () => {
  const points = [
    { second: 0, value: 1 },
    { second: 1, value: 100 },
  ];
  expect(trendOf(points)).toEqual({ perHour: 0, errorPerHour: Number.POSITIVE_INFINITY });
});
