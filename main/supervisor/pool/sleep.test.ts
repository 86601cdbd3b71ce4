/** F2: what the pool makes of a machine that slept: nobody could have been heard, so nobody is idle. */
import { afterEach, expect, test, vi } from 'vitest';
import { Caretaker } from './caretaker.ts';
import { Instance, type Supervised } from './instance.ts';
import type { Roster } from './roster.ts';
import { type SessionOpening, SessionTable } from './sessions.ts';

const minuteMs = 60_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Two instances that are up, with a session on the first; both are looked after by a clock of the test's. */
function cared() {
  vi.useFakeTimers();
  const instances = ['mcp:1', 'mcp:2'].map(
    (name) => new Instance(name, 'mcp', { port: 3460, state: 'ready' } as Supervised),
  );
  const sessions = new SessionTable(() => {});
  const [first] = instances;
  if (first === undefined) throw new Error('There is no instance.');
  const opening = { sessionId: 'a' } as SessionOpening;
  sessions.open(opening, { instance: first, upstreamId: null });
  const ended: string[] = [];
  const retired: string[] = [];
  const caretaker = new Caretaker({
    roster: { all: instances, size: instances.length } as unknown as Roster,
    sessions,
    bounds: () => ({
      minInstances: 1,
      maxSessionsPerInstance: 10,
      scaleDownAfterMs: 5 * minuteMs,
      sessionIdleMs: 30 * minuteMs,
    }),
    closeSession: async (id) => ended.push(id) > 0,
    retire: async ({ name }) => void retired.push(name),
  });
  caretaker.start();
  return { caretaker, ended, retired };
}

/** The machine sleeps, on a system whose monotonic clock runs on meanwhile. */
function sleep(ms: number): void {
  const awake = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => awake() + ms);
}

test('F2 sessions are not ended for the hours in which the machine slept', async () => {
  const { caretaker, ended } = cared();
  await vi.advanceTimersByTimeAsync(10 * minuteMs);
  sleep(8 * 60 * minuteMs);
  await vi.advanceTimersByTimeAsync(19 * minuteMs);
  expect(ended).toEqual([]);
  await vi.advanceTimersByTimeAsync(2 * minuteMs);
  expect(ended).toContain('a');
  caretaker.stop();
});

test('F2 no instance is taken away for the hours in which the machine slept', async () => {
  const { caretaker, retired } = cared();
  await vi.advanceTimersByTimeAsync(2 * minuteMs);
  sleep(8 * 60 * minuteMs);
  await vi.advanceTimersByTimeAsync(2 * minuteMs);
  expect(retired).toEqual([]);
  await vi.advanceTimersByTimeAsync(2 * minuteMs);
  expect(retired).toContain('mcp:2');
  caretaker.stop();
});
