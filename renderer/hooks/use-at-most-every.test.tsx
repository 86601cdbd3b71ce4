// @vitest-environment happy-dom
import { act, cleanup, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { useAtMostEvery } from './use-at-most-every.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function advance(ms: number): void {
  act(() => {
    vi.advanceTimersByTime(ms);
  });
}

test('the first change shows at once, a flood after it once each gap, and the last one always', () => {
  const hook = renderHook(({ value }) => useAtMostEvery(500, value), {
    initialProps: { value: 0 },
  });
  const seen: number[] = [];
  for (let value = 1; value <= 100; value += 1) {
    hook.rerender({ value });
    advance(10);
    if (hook.result.current !== seen.at(-1)) seen.push(hook.result.current);
  }
  advance(500);
  expect(seen.length).toBeLessThanOrEqual(3);
  expect(seen[0]).toBe(1);
  expect(hook.result.current).toBe(100);
});
