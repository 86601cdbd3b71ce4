/**
 * The life of every service as one pure function: what is, what happened → what is now, what to do.
 * The runner (`service.ts`) feeds it and does what it says; nothing else decides about states.
 *
 * What it guarantees, whatever happens in whatever order (`lifecycle.property.test.ts`): at most one
 * preparation, process or timer at a time; after a stop nothing is begun until somebody asks for a
 * start; a late word of an earlier run changes nothing; `stopped` and `failed` hold nothing.
 *
 *     stopped ──start──▶ starting ──ready──▶ ready ◀──answers──▶ unhealthy
 *        ▲                │  ▲ │               │                    │
 *        │                │  │ └──too late─────┴──▶ stopping ◀──────┘ missed too often, stop
 *        └──nothing left──┘  │                        │
 *                            └──retry── backing_off, crash_loop ◀── ended
 *                                          failed ◀── a cause that trying again cannot cure
 */
import { assertNever } from '../../../shared/assert-never.ts';
import type { ServiceState } from '../../../shared/status.ts';

export type RestartPolicy = 'always_restart' | 'restart_on_failure' | 'never_restart';

/** So many failures in a row are called a crash loop. */
export const crashLoopAfter = 5;

/** How one process ended, once nothing of it is left. */
export interface Ending {
  readonly reason: string;
  readonly failed: boolean;
  /** Trying again cannot cure it. */
  readonly permanent: boolean;
  /** It had been ready long enough to have proven itself: earlier failures are forgotten. */
  readonly wasHealthy: boolean;
  /** Processes that could not be ended, in words. */
  readonly leftover: string | null;
}

export interface Life {
  readonly state: ServiceState;
  readonly reason: string;
  /** What goes on for it outside this function. */
  readonly holds: 'nothing' | 'preparation' | 'process' | 'timer';
  /** What follows when what it holds has ended. */
  readonly next: 'policy' | 'stop' | 'start';
  /** Why we end it ourselves; null while we do not. */
  readonly cause: string | null;
  /** In a row, since it was last healthy for long or started by hand. */
  readonly failures: number;
  /** Restarts that nobody asked for. */
  readonly restarts: number;
  /** Counts preparations, so that what belongs to an earlier one is known. */
  readonly run: number;
}

export const unborn: Life = {
  state: 'stopped',
  reason: 'not started yet',
  holds: 'nothing',
  next: 'policy',
  cause: null,
  failures: 0,
  restarts: 0,
  run: 0,
};

/** What people ask for. */
type Request = { readonly type: 'start' } | { readonly type: 'stop'; readonly reason: string };

/** What is heard of the run that goes on. */
type News =
  | { readonly type: 'waits'; readonly reason: string }
  | { readonly type: 'prepared' }
  | { readonly type: 'unprepared'; readonly reason: string }
  | { readonly type: 'ready'; readonly reason: string }
  | { readonly type: 'probe_missed'; readonly reason: string }
  | { readonly type: 'probe_answered' }
  | { readonly type: 'gave_up'; readonly reason: string }
  | { readonly type: 'hangs'; readonly reason: string }
  | { readonly type: 'ended'; readonly ending: Ending }
  | { readonly type: 'retry' };

export type LifeEvent = Request | (News & { readonly run: number });

export type Effect =
  /** Find out what to run; answer `waits`, then `prepared` or `unprepared`. */
  | { readonly type: 'prepare' }
  /** Nobody waits for the preparation any more; it still has to answer. */
  | { readonly type: 'abandon' }
  /** Start the process; answer `ended` in any case. */
  | { readonly type: 'launch' }
  /** End the process and all it started. */
  | { readonly type: 'end' }
  /** Answer `retry` after so long. */
  | { readonly type: 'wait'; readonly delayMs: number }
  | { readonly type: 'cancel_wait' };

export interface Rules {
  readonly restartPolicy: RestartPolicy;
  /** Give up after so many failures in a row; 0: never. */
  readonly maxAttempts: number;
  /** How long to wait after so many failures in a row. */
  delayMs(failures: number): number;
}

export interface Step {
  readonly life: Life;
  readonly effects: readonly Effect[];
}

/** What becomes of a life when something happens. */
export function step(life: Life, event: LifeEvent, rules: Rules): Step {
  if (event.type === 'start') return onStart(life);
  if (event.type === 'stop') return onStop(life, event.reason);
  if (event.run !== life.run) return same(life);
  switch (life.holds) {
    case 'nothing':
      return same(life);
    case 'timer':
      return event.type === 'retry' ? begin(life, life.reason, 'again') : same(life);
    case 'preparation':
      return duringPreparation(life, event);
    case 'process':
      return duringProcess(life, event, rules);
    default:
      return assertNever(life.holds);
  }
}

function same(life: Life): Step {
  return { life, effects: [] };
}

/** Somebody wants it: earlier failures are forgotten, and nobody waits for a timer. */
function onStart(life: Life): Step {
  switch (life.holds) {
    case 'nothing':
      return begin({ ...life, failures: 0 }, 'starting', 'afresh');
    case 'timer': {
      const begun = begin({ ...life, failures: 0 }, life.reason, 'again');
      return { ...begun, effects: [{ type: 'cancel_wait' }, ...begun.effects] };
    }
    case 'preparation':
    case 'process':
      return same(life.state === 'stopping' ? { ...life, next: 'start' } : life);
    default:
      return assertNever(life.holds);
  }
}

function onStop(life: Life, reason: string): Step {
  switch (life.holds) {
    case 'nothing':
      return same(life.state === 'stopped' ? life : resting(life, 'stopped', reason));
    case 'timer':
      return { life: resting(life, 'stopped', reason), effects: [{ type: 'cancel_wait' }] };
    case 'preparation':
    case 'process': {
      const asked: Life = { ...life, next: 'stop', cause: reason };
      if (life.state === 'stopping') return same(asked);
      const type = life.holds === 'process' ? 'end' : 'abandon';
      return { life: { ...asked, state: 'stopping', reason }, effects: [{ type }] };
    }
    default:
      return assertNever(life.holds);
  }
}

function duringPreparation(life: Life, event: News): Step {
  const isWanted = life.state === 'starting';
  switch (event.type) {
    case 'waits':
      return same(isWanted ? { ...life, reason: event.reason } : life);
    case 'prepared':
      if (!isWanted) return afterOurEnd(life);
      return { life: { ...life, holds: 'process' }, effects: [{ type: 'launch' }] };
    case 'unprepared':
      if (!isWanted) return afterOurEnd(life);
      return same(resting(life, 'failed', event.reason));
    case 'ready':
    case 'probe_missed':
    case 'probe_answered':
    case 'gave_up':
    case 'hangs':
    case 'ended':
    case 'retry':
      return same(life);
    default:
      return assertNever(event);
  }
}

function duringProcess(life: Life, event: News, rules: Rules): Step {
  const { state } = life;
  switch (event.type) {
    case 'ready':
      return same(state === 'starting' ? { ...life, state: 'ready', reason: event.reason } : life);
    case 'probe_missed':
      if (state !== 'ready' && state !== 'unhealthy') return same(life);
      return same({ ...life, state: 'unhealthy', reason: event.reason });
    case 'probe_answered':
      if (state !== 'unhealthy') return same(life);
      return same({ ...life, state: 'ready', reason: 'answers again' });
    case 'gave_up': {
      if (state === 'stopping') return same(life);
      const { reason } = event;
      return {
        life: { ...life, state: 'stopping', reason, cause: reason },
        effects: [{ type: 'end' }],
      };
    }
    case 'hangs':
      return same({ ...life, state: 'stopping', reason: event.reason });
    case 'ended':
      return afterEnding(life, event.ending, rules);
    case 'waits':
    case 'prepared':
    case 'unprepared':
    case 'retry':
      return same(life);
    default:
      return assertNever(event);
  }
}

function afterEnding(life: Life, ending: Ending, rules: Rules): Step {
  // Two of them must never run: as long as one is left, nothing is begun.
  if (ending.leftover !== null) return same(resting(life, 'failed', ending.leftover));
  if (life.next !== 'policy') return afterOurEnd(life);
  // Ended by us because of trouble: that is the reason, and the exit code says nothing.
  if (life.cause !== null) {
    const troubled = { ...ending, reason: life.cause, failed: true, permanent: false };
    return afterFailure(life, troubled, rules);
  }
  return afterFailure(life, ending, rules);
}

/** Somebody asked for the end of what has ended now. */
function afterOurEnd(life: Life): Step {
  if (life.next === 'start') return begin({ ...life, failures: 0 }, 'starting', 'afresh');
  return same(resting(life, 'stopped', life.cause ?? life.reason));
}

function afterFailure(life: Life, ending: Ending, rules: Rules): Step {
  const { reason, failed } = ending;
  const failures = ending.wasHealthy ? 1 : life.failures + 1;
  const counted: Life = { ...life, failures };
  const { restartPolicy, maxAttempts } = rules;
  if (ending.permanent) return same(resting(counted, 'failed', reason));
  if (!failed && restartPolicy !== 'always_restart')
    return same(resting(counted, 'stopped', reason));
  if (restartPolicy === 'never_restart' || (maxAttempts > 0 && failures > maxAttempts)) {
    return same(resting(counted, 'failed', reason));
  }
  const delayMs = rules.delayMs(failures);
  // At once means at once: meanwhile it would be shown as waiting for nothing.
  if (delayMs === 0) return begin(counted, reason, 'again');
  const state = failures >= crashLoopAfter ? 'crash_loop' : 'backing_off';
  return {
    life: { ...counted, state, reason, holds: 'timer', next: 'policy', cause: null },
    effects: [{ type: 'wait', delayMs }],
  };
}

function begin(life: Life, reason: string, how: 'afresh' | 'again'): Step {
  return {
    life: {
      ...life,
      state: 'starting',
      reason,
      holds: 'preparation',
      next: 'policy',
      cause: null,
      restarts: life.restarts + (how === 'again' ? 1 : 0),
      run: life.run + 1,
    },
    effects: [{ type: 'prepare' }],
  };
}

function resting(life: Life, state: 'stopped' | 'failed', reason: string): Life {
  return { ...life, state, reason, holds: 'nothing', next: 'policy', cause: null };
}
