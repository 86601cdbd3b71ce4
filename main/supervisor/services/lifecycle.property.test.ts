/** What holds for every sequence of events that can happen, and for those that cannot. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serviceStates } from '../../../shared/status.ts';
import { type Life, type LifeEvent, type Rules, step, unborn } from './lifecycle.ts';

const ending = fc.record({
  reason: fc.constant('ended'),
  failed: fc.boolean(),
  permanent: fc.boolean(),
  wasHealthy: fc.boolean(),
  leftover: fc.constantFrom(null, null, null, 'process 7 cannot be ended'),
});

const reason = fc.constantFrom('one', 'two');
const news = [
  ...(['prepared', 'probe_answered', 'retry'] as const).map((type) =>
    fc.record({ type: fc.constant(type) }),
  ),
  ...(['waits', 'unprepared', 'ready', 'probe_missed', 'gave_up', 'hangs'] as const).map((type) =>
    fc.record({ type: fc.constant(type), reason }),
  ),
  fc.record({ type: fc.constant('ended' as const), ending }),
];

const crash = {
  reason: 'crashed',
  failed: true,
  permanent: false,
  wasHealthy: false,
  leftover: null,
};

/** What a runner would most likely tell next. */
function likely({ holds, run, state }: Life, pick: number): LifeEvent {
  if (holds === 'nothing') return { type: 'start' };
  if (holds === 'preparation') return { type: 'prepared', run };
  if (holds === 'timer') return { type: 'retry', run };
  if (state === 'stopping' || pick === 0) return { type: 'ended', run, ending: crash };
  if (state === 'starting') return { type: 'ready', run, reason: 'running' };
  return pick === 1 ? { type: 'probe_answered', run } : { type: 'probe_missed', run, reason: 'no' };
}

/** What is likely; and anything else, of this run or of an earlier one. */
const moves = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ pick: fc.constantFrom(0, 1, 2) }) },
    fc.record({ type: fc.constantFrom('start', 'stop') }),
    fc.record({ news: fc.oneof(...news), runsAgo: fc.constantFrom(0, 0, 0, 0, 1, 2) }),
  ),
  { maxLength: 200, size: 'max' },
);

const rules: fc.Arbitrary<Rules> = fc.record({
  restartPolicy: fc.constantFrom('always_restart', 'restart_on_failure', 'never_restart'),
  maxAttempts: fc.constantFrom(0, 0, 3),
  delayMs: fc.constantFrom(
    () => 0,
    () => 500,
    (failures: number) => (failures === 1 ? 0 : 500),
  ),
});

/** What a runner that does as it is told would have going on. */
class Going {
  preparations = 0;
  processes = 0;
  timers = 0;

  heard({ type }: LifeEvent, life: Life): void {
    if (type === 'prepared' || type === 'unprepared') {
      if (life.holds === 'preparation') this.preparations -= 1;
    }
    if (type === 'ended' && life.holds === 'process') this.processes -= 1;
    if (type === 'retry' && life.holds === 'timer') this.timers -= 1;
  }

  told(type: string): void {
    if (type === 'prepare') this.preparations += 1;
    if (type === 'launch') this.processes += 1;
    if (type === 'wait') this.timers += 1;
    if (type === 'cancel_wait') this.timers -= 1;
  }
}

type Move = typeof moves extends fc.Arbitrary<(infer One)[]> ? One : never;

function eventOf(move: Move, life: Life): LifeEvent {
  if ('pick' in move) return likely(life, move.pick);
  if ('news' in move) return { ...move.news, run: life.run - move.runsAgo };
  return move.type === 'start' ? { type: 'start' } : { type: 'stop', reason: 'by hand' };
}

function each(
  check: (
    before: Life,
    event: LifeEvent,
    after: Life,
    effects: readonly string[],
    going: Going,
  ) => void,
): void {
  fc.assert(
    fc.property(moves, rules, (sequence, chosen) => {
      let life = unborn;
      const going = new Going();
      for (const move of sequence) {
        const event = eventOf(move, life);
        const isNews = 'run' in event;
        if (!isNews || event.run === life.run) going.heard(event, life);
        const { life: after, effects } = step(life, event, chosen);
        for (const effect of effects) going.told(effect.type);
        check(
          life,
          event,
          after,
          effects.map(({ type }) => type),
          going,
        );
        life = after;
      }
    }),
    { numRuns: 200 },
  );
}

test('never two of anything: one preparation, one process or one timer, and what it holds is true', () => {
  each((_before, _event, { holds }, _effects, { preparations, processes, timers }) => {
    expect({ preparations, processes, timers }).toEqual({
      preparations: holds === 'preparation' ? 1 : 0,
      processes: holds === 'process' ? 1 : 0,
      timers: holds === 'timer' ? 1 : 0,
    });
  });
});

test('the state tells what it holds', () => {
  const possible: Record<Life['holds'], readonly string[]> = {
    nothing: ['stopped', 'failed'],
    preparation: ['starting', 'stopping'],
    process: ['starting', 'ready', 'unhealthy', 'stopping'],
    timer: ['backing_off', 'crash_loop'],
  };
  each((_before, _event, after) => expect(possible[after.holds]).toContain(after.state));
});

test('stop always wins: after it nothing is begun until somebody asks for a start', () => {
  let isStopped = true;
  each((before, event, after, effects) => {
    if (before === unborn) isStopped = true;
    if (event.type === 'start') isStopped = false;
    if (event.type === 'stop') isStopped = true;
    if (!isStopped) return;
    expect(
      effects.filter((type) => /prepare|launch|wait$/.test(type) && type !== 'cancel_wait'),
    ).toEqual([]);
    expect(['stopped', 'stopping', 'failed']).toContain(after.state);
  });
});

test('a word of an earlier run changes nothing', () => {
  each((before, event, after, effects) => {
    if (!('run' in event) || event.run === before.run) return;
    expect(after).toBe(before);
    expect(effects).toEqual([]);
  });
});

test('every change has a reason, and rest holds no plan', () => {
  each((_before, _event, after) => {
    expect(after.reason).not.toBe('');
    if (after.holds === 'nothing') expect(after).toMatchObject({ next: 'policy', cause: null });
  });
});

test('every state is reached, and left again', () => {
  const reached = new Set<string>();
  const left = new Set<string>();
  each((before, _event, after) => {
    reached.add(after.state);
    if (before.state !== after.state) left.add(before.state);
  });
  expect([...reached].toSorted()).toEqual([...serviceStates].toSorted());
  expect([...left].toSorted()).toEqual([...serviceStates].toSorted());
});
