/**
 * Empties an instance without breaking anything: its sessions move away one by one, each in a moment
 * when none of its calls is under way; calls that run are waited for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Instance } from './instance.ts';
import type { SessionMover } from './session-mover.ts';
import type { SessionTable } from './sessions.ts';

/** How long calls that are under way may take before their instance is stopped all the same, in ms. */
const drainDeadlineMs = 60_000;

const pollMs = 20;

/**
 * Resolves with true when nothing is left on the instance; with false when the deadline has passed,
 * with what is left still working. New sessions must not be placed on it meanwhile.
 */
export async function drain(
  instance: Instance,
  sessions: SessionTable,
  mover: SessionMover,
): Promise<boolean> {
  const deadline = performance.now() + drainDeadlineMs;
  for (;;) {
    const left = sessions.on(instance);
    const moves = left.filter((session) => session.inFlight === 0).map((each) => mover.move(each));
    await Promise.all(moves);
    if (left.length === 0 && instance.inFlight === 0 && instance.opening === 0) return true;
    if (performance.now() >= deadline) return false;
    await delay(pollMs);
  }
}

/**
 * Like `drain` where no other instance can take the sessions: they leave, and are at home again when this
 * one is back. Resolves when nothing is under way any more, or the deadline has passed.
 */
export async function vacate(
  instance: Instance,
  sessions: SessionTable,
  mover: SessionMover,
): Promise<void> {
  const deadline = performance.now() + drainDeadlineMs;
  for (;;) {
    const left = sessions.on(instance);
    for (const session of left) if (session.inFlight === 0) void mover.move(session);
    const isEmpty = left.length === 0 && instance.inFlight === 0 && instance.opening === 0;
    if (isEmpty || performance.now() >= deadline) return;
    await delay(pollMs);
  }
}
