import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRateLimitedVoice } from './rate-limited-voice.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('the first change is said at once; what follows soon is said together, each subject once', () => {
  const said: string[] = [];
  const voice = createRateLimitedVoice((text) => said.push(text), 3_000);
  voice.say(new Map([['a', 'A: stopping']]));
  voice.say(new Map([['a', 'A: starting']]));
  voice.say(new Map([['b', 'B: failed']]));
  voice.say(new Map([['a', 'A: running']]));
  expect(said).toEqual(['A: stopping.']);
  vi.advanceTimersByTime(3_000);
  expect(said).toEqual(['A: stopping.', 'A: running. B: failed.']);
});

test('silence costs no timer', () => {
  const voice = createRateLimitedVoice(() => undefined, 3_000);
  voice.say(new Map([['a', 'A: failed']]));
  vi.advanceTimersByTime(3_000);
  voice.say(new Map());
  expect(vi.getTimerCount()).toBe(0);
});
