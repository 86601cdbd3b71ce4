/** Every state and what it holds, and every event: what becomes of it, written out. */
import { describe, expect, test } from 'vitest';
import {
  crashLoopAfter,
  type Ending,
  type Life,
  type LifeEvent,
  type Rules,
  step,
  unborn,
} from './lifecycle.ts';

const rules: Rules = { restartPolicy: 'always_restart', maxAttempts: 0, delayMs: () => 500 };
const run = 3;
const crash: Ending = {
  reason: 'crashed',
  failed: true,
  permanent: false,
  wasHealthy: false,
  leftover: null,
};

/** A life in each place that it can be in. */
const lives = {
  stopped: { state: 'stopped', holds: 'nothing' },
  failed: { state: 'failed', holds: 'nothing' },
  preparing: { state: 'starting', holds: 'preparation' },
  abandoning: { state: 'stopping', holds: 'preparation', next: 'stop', cause: 'by hand' },
  launched: { state: 'starting', holds: 'process' },
  ready: { state: 'ready', holds: 'process' },
  unhealthy: { state: 'unhealthy', holds: 'process' },
  stopping: { state: 'stopping', holds: 'process', next: 'stop', cause: 'by hand' },
  giving_up: { state: 'stopping', holds: 'process', next: 'policy', cause: 'deaf' },
  backing_off: { state: 'backing_off', holds: 'timer' },
  crash_loop: { state: 'crash_loop', holds: 'timer' },
} as const satisfies Record<string, Partial<Life>>;

type Name = keyof typeof lives;

function life(name: Name, more: Partial<Life> = {}): Life {
  return { ...unborn, reason: 'before', run, failures: 1, ...lives[name], ...more };
}

const events = {
  start: { type: 'start' },
  stop: { type: 'stop', reason: 'now' },
  waits: { type: 'waits', run, reason: 'waits for mcp' },
  prepared: { type: 'prepared', run },
  unprepared: { type: 'unprepared', run, reason: 'no port' },
  ready: { type: 'ready', run, reason: 'running' },
  probe_missed: { type: 'probe_missed', run, reason: 'silence' },
  probe_answered: { type: 'probe_answered', run },
  gave_up: { type: 'gave_up', run, reason: 'deaf' },
  hangs: { type: 'hangs', run, reason: 'waits for process 7' },
  ended: { type: 'ended', run, ending: crash },
  retry: { type: 'retry', run },
} as const satisfies Record<LifeEvent['type'], LifeEvent>;

/** For each place, what each event makes of it: `state holds [effects]`; events left out change nothing. */
const table: Record<Name, Partial<Record<LifeEvent['type'], string>>> = {
  stopped: { start: 'starting preparation [prepare]' },
  failed: { start: 'starting preparation [prepare]', stop: 'stopped nothing []' },
  preparing: {
    stop: 'stopping preparation [abandon]',
    waits: 'starting preparation []',
    prepared: 'starting process [launch]',
    unprepared: 'failed nothing []',
  },
  abandoning: {
    start: 'stopping preparation []',
    stop: 'stopping preparation []',
    prepared: 'stopped nothing []',
    unprepared: 'stopped nothing []',
  },
  launched: {
    stop: 'stopping process [end]',
    ready: 'ready process []',
    gave_up: 'stopping process [end]',
    hangs: 'stopping process []',
    ended: 'backing_off timer [wait]',
  },
  ready: {
    stop: 'stopping process [end]',
    probe_missed: 'unhealthy process []',
    gave_up: 'stopping process [end]',
    hangs: 'stopping process []',
    ended: 'backing_off timer [wait]',
  },
  unhealthy: {
    stop: 'stopping process [end]',
    probe_missed: 'unhealthy process []',
    probe_answered: 'ready process []',
    gave_up: 'stopping process [end]',
    hangs: 'stopping process []',
    ended: 'backing_off timer [wait]',
  },
  stopping: {
    start: 'stopping process []',
    stop: 'stopping process []',
    hangs: 'stopping process []',
    ended: 'stopped nothing []',
  },
  giving_up: {
    start: 'stopping process []',
    stop: 'stopping process []',
    hangs: 'stopping process []',
    ended: 'backing_off timer [wait]',
  },
  backing_off: {
    start: 'starting preparation [cancel_wait,prepare]',
    stop: 'stopped nothing [cancel_wait]',
    retry: 'starting preparation [prepare]',
  },
  crash_loop: {
    start: 'starting preparation [cancel_wait,prepare]',
    stop: 'stopped nothing [cancel_wait]',
    retry: 'starting preparation [prepare]',
  },
};

function told(from: Life, event: LifeEvent): string | null {
  const { life: to, effects } = step(from, event, rules);
  if (to === from && effects.length === 0) return null;
  return `${to.state} ${to.holds} [${effects.map(({ type }) => type).join(',')}]`;
}

describe.each(Object.keys(lives) as Name[])('%s', (name) => {
  test.each(Object.keys(events) as LifeEvent['type'][])('%s', (type) => {
    expect(told(life(name), events[type])).toBe(table[name][type] ?? null);
  });

  test('a word of an earlier run changes nothing', () => {
    for (const event of Object.values(events)) {
      if ('run' in event) expect(told(life(name), { ...event, run: run - 1 })).toBeNull();
    }
  });
});

describe('the restart policies', () => {
  test.each([
    ['always_restart', 'a crash', crash, 'backing_off'],
    ['always_restart', 'exit code 0', { ...crash, failed: false }, 'backing_off'],
    ['restart_on_failure', 'a crash', crash, 'backing_off'],
    ['restart_on_failure', 'exit code 0', { ...crash, failed: false }, 'stopped'],
    ['never_restart', 'a crash', crash, 'failed'],
    ['never_restart', 'exit code 0', { ...crash, failed: false }, 'stopped'],
    ['always_restart', 'a permanent cause', { ...crash, permanent: true }, 'failed'],
    ['always_restart', 'what cannot be ended', { ...crash, leftover: 'process 7' }, 'failed'],
  ] as const)('%s after %s', (restartPolicy, _what, ending, state) => {
    const event = { type: 'ended', run, ending } as const;
    expect(step(life('ready'), event, { ...rules, restartPolicy }).life.state).toBe(state);
  });

  test('max_attempts ends it, once so many tries in a row have failed', () => {
    const stateAfter = (failures: number) =>
      step(life('ready', { failures }), events.ended, { ...rules, maxAttempts: 2 }).life.state;
    expect([stateAfter(0), stateAfter(1), stateAfter(2)]).toEqual([
      'backing_off',
      'backing_off',
      'failed',
    ]);
  });

  test('at once means without a state in between', () => {
    const { life: to } = step(life('ready'), events.ended, { ...rules, delayMs: () => 0 });
    expect(to).toMatchObject({ state: 'starting', reason: 'crashed', restarts: 1 });
  });
});

test('so many failures in a row are a crash loop, a healthy time forgets them', () => {
  const failed = (failures: number, wasHealthy: boolean) => {
    const event = { type: 'ended', run, ending: { ...crash, wasHealthy } } as const;
    return step(life('ready', { failures }), event, rules).life;
  };
  expect(failed(crashLoopAfter - 2, false).state).toBe('backing_off');
  expect(failed(crashLoopAfter - 1, false).state).toBe('crash_loop');
  expect(failed(crashLoopAfter - 1, true)).toMatchObject({ state: 'backing_off', failures: 1 });
});

test('a start by hand forgets earlier failures', () => {
  for (const name of ['failed', 'crash_loop', 'backing_off'] as const) {
    expect(step(life(name, { failures: 9 }), events.start, rules).life.failures).toBe(0);
  }
});

test('a start during a stop begins anew when nothing is left, and a stop after it wins', () => {
  const wanted = step(life('stopping'), events.start, rules).life;
  expect(step(wanted, events.ended, rules)).toMatchObject({
    life: { state: 'starting', failures: 0, restarts: 0 },
    effects: [{ type: 'prepare' }],
  });
  const unwanted = step(wanted, { type: 'stop', reason: 'again' }, rules).life;
  expect(step(unwanted, events.ended, rules).life).toMatchObject({
    state: 'stopped',
    reason: 'again',
  });
});

test('what was given up is a failure with its reason, whatever the exit code says', () => {
  const event = { type: 'ended', run, ending: { ...crash, failed: false } } as const;
  const to = step(life('giving_up'), event, { ...rules, restartPolicy: 'restart_on_failure' }).life;
  expect(to).toMatchObject({ state: 'backing_off', reason: 'deaf' });
});
