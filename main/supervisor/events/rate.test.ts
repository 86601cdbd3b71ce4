import { expect, test } from 'vitest';
import { MinuteRate } from './rate.ts';

test('what happened in the last minute counts, and nothing else', () => {
  let now = 5_000_000;
  const rate = new MinuteRate(() => now);
  expect(rate.perMinute).toBe(0);
  for (let second = 0; second < 90; second += 1) {
    rate.count();
    rate.count();
    now += 1_000;
  }
  // The second that has just begun is empty.
  expect(rate.perMinute).toBe(118);
  now += 30_000;
  expect(rate.perMinute).toBe(58);
  now += 29_000;
  expect(rate.perMinute).toBe(0);
});

test('after a long silence nothing old comes back', () => {
  let now = 0;
  const rate = new MinuteRate(() => now);
  rate.count();
  for (const pause of [60_000, 61_000, 119_000, 86_400_000]) {
    now += pause;
    expect(rate.perMinute).toBe(0);
    rate.count();
    expect(rate.perMinute).toBe(1);
  }
});
