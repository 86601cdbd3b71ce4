import { expect, test } from 'vitest';
import { type BackOffPolicy, backOffDelay } from './back-off.ts';

const policy: BackOffPolicy = {
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  multiplier: 2,
  jitterRatio: 0.2,
  maxAttempts: 0,
  cooldownAfterAttempts: 0,
  cooldownMs: 0,
};

test('the first restart comes at once, then the delay doubles up to the cap', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000].map((attempt) =>
    backOffDelay(policy, attempt, 0),
  );
  expect(delays).toEqual([0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
});

test('jitter adds at most its share and never passes the cap', () => {
  expect(backOffDelay(policy, 2, 0.999)).toBe(600);
  expect(backOffDelay(policy, 8, 0.999)).toBe(30_000);
  expect(backOffDelay({ ...policy, jitterRatio: 0 }, 2, 0.999)).toBe(500);
});

test('a cooldown is a floor under the delay from its attempt on', () => {
  const cooling = { ...policy, cooldownAfterAttempts: 3, cooldownMs: 5000 };
  expect([2, 3, 5, 6].map((attempt) => backOffDelay(cooling, attempt, 0))).toEqual([
    500, 5000, 5000, 8000,
  ]);
});
