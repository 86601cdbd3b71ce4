import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReplyData, RequestOf } from '../../shared/control-protocol.ts';
import { createLogFollower } from './log-follower.ts';

type Reply = ReplyData['Logs'];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function page(from: number, count: number): Reply {
  const lines = Array.from({ length: count }, (_none, index) => {
    return { seq: from + index, at: 0, stream: 'stdout' as const, text: `line ${from + index}` };
  });
  const next = from + count;
  return { service: 'search', lines, next, dropped: 0, file: null, problem: null };
}

/** A supervisor whose service prints when the test says so. */
function createPrinter() {
  const asked: RequestOf<'Logs'>[] = [];
  const printer = { asked, printed: 0, refuses: false };
  return {
    printer,
    ask: async (request: RequestOf<'Logs'>): Promise<Reply> => {
      asked.push(request);
      if (printer.refuses) throw new Error('The supervisor cannot be reached.');
      const from = request.since ?? Math.max(1, printer.printed - (request.lines ?? 0) + 1);
      return page(from, Math.min(printer.printed - from + 1, request.lines ?? 0));
    },
  };
}

test('the newest lines come first, then what is added, each line once', async () => {
  const { printer, ask } = createPrinter();
  printer.printed = 5_000;
  const follower = createLogFollower('search', ask);
  follower.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(follower.getState().lines).toHaveLength(1_000);
  printer.printed = 5_003;
  await vi.advanceTimersByTimeAsync(1_000);
  const texts = follower.getState().lines.map(({ text }) => text);
  expect(texts.slice(-4)).toEqual(['line 5000', 'line 5001', 'line 5002', 'line 5003']);
  expect(new Set(texts).size).toBe(1_003);
});

test('10,000 lines a second cost at most ten redraws, and none is lost', async () => {
  const { printer, ask } = createPrinter();
  printer.printed = 1;
  const follower = createLogFollower('search', ask);
  let redraws = 0;
  follower.subscribe(() => {
    redraws += 1;
  });
  await vi.advanceTimersByTimeAsync(0);
  redraws = 0;
  for (let ms = 0; ms < 1_000; ms += 10) {
    printer.printed += 100;
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(redraws).toBeLessThanOrEqual(10);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(follower.getState().lines.at(-1)?.text).toBe('line 10001');
  expect(follower.getState().nextKey).toBe(10_002);
});

test('while nobody looks nothing is asked, and what came meanwhile is there afterwards', async () => {
  const { printer, ask } = createPrinter();
  printer.printed = 10;
  const follower = createLogFollower('search', ask);
  const leave = follower.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  leave();
  expect(vi.getTimerCount()).toBe(0);
  printer.asked.length = 0;
  printer.printed = 20;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(printer.asked).toEqual([]);
  follower.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  expect(printer.asked).toMatchObject([{ since: 11 }]);
  expect(follower.getState().lines).toHaveLength(20);
});

test('a refusal is told, the lines stay, and it is tried again more and more calmly', async () => {
  const { printer, ask } = createPrinter();
  printer.printed = 3;
  const follower = createLogFollower('search', ask);
  follower.subscribe(() => undefined);
  await vi.advanceTimersByTimeAsync(0);
  printer.refuses = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(follower.getState()).toMatchObject({ error: 'The supervisor cannot be reached.' });
  expect(follower.getState().lines).toHaveLength(3);
  expect(printer.asked.length).toBeLessThan(12);
  printer.refuses = false;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(follower.getState().error).toBeNull();
});
