/**
 * Empties an instance without breaking anything: its sessions move away one by one, each in a moment
 * when none of its calls is under way and none of its tasks open; what runs is waited for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Instance } from './instance.ts';
import type { SessionMover } from './session-mover.ts';
import type { Session, SessionTable } from './sessions.ts';
import type { TaskBirths } from './task-births.ts';

/** What an instance is emptied of, and how long that may take. */
export interface Emptying {
  readonly instance: Instance;
  readonly sessions: SessionTable;
  readonly mover: SessionMover;
  readonly tasks: Pick<TaskBirths, 'openOn'>;
  readonly timeoutMs: number;
}

const pollMs = 20;

/**
 * Resolves with 0 when nothing is left on the instance; with the number of calls and tasks under way when
 * `timeoutMs` have passed. New sessions must not be placed on it meanwhile.
 */
export async function drain(emptying: Emptying): Promise<number> {
  return await empty(emptying, async (session) => await emptying.mover.move(session));
}

/**
 * Like `drain` where no other instance can take the sessions: they leave, and are at home again when this
 * one is back.
 */
export async function vacate(emptying: Emptying): Promise<number> {
  return await empty(emptying, async (session) => void emptying.mover.move(session));
}

async function empty(
  { instance, sessions, tasks, timeoutMs }: Emptying,
  leave: (session: Session) => Promise<void>,
): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const open = tasks.openOn(instance);
    const left = sessions.on(instance);
    const isFree = ({ inFlight, opening }: Session) =>
      inFlight === 0 && !open.sessions.has(opening.sessionId);
    await Promise.all(left.filter(isFree).map(leave));
    const isWorking = instance.inFlight + instance.opening + open.withoutSession > 0;
    if (left.length === 0 && !isWorking) return 0;
    if (performance.now() >= deadline) return instance.inFlight + open.all;
    await delay(pollMs);
  }
}
