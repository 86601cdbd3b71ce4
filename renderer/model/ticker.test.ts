// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTicker } from './ticker.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  setHidden(false);
});

function setHidden(hidden: boolean): void {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

test('many subscribers share one timer, and the last one takes it along', () => {
  const ticker = createTicker(10_000, document);
  const stops = [1, 2, 3].map(() => ticker.subscribe(() => undefined));
  expect(vi.getTimerCount()).toBe(1);
  for (const stop of stops) stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('a hidden page does not tick, and is right again as soon as it is seen', () => {
  const ticker = createTicker(10_000, document);
  ticker.subscribe(() => undefined);
  const start = ticker.getNow();
  setHidden(true);
  vi.advanceTimersByTime(65_000);
  expect(ticker.getNow()).toBe(start);
  setHidden(false);
  expect(ticker.getNow()).toBe(start + 65_000);
});
