/** The processes below a manager, as the kernel knows them (proc(5), /proc/pid/task/tid/children). */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** The sleeping children of a process. */
export function sleepersOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((each) => each.trim() !== '')
    .map(Number)
    .filter((child) => commandOf(child) === 'sleep');
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * Kills a child and tells how long it took, in ms, until the manager had a new one. Looks every
 * millisecond, which is so the resolution; the new process counts when it has begun its program.
 */
export async function crashToRespawn(manager: number, victim: number): Promise<number> {
  const before = new Set(sleepersOf(manager));
  const deadline = performance.now() + 10_000;
  const start = performance.now();
  process.kill(victim, 'SIGKILL');
  for (;;) {
    const fresh = sleepersOf(manager).find((pid) => !before.has(pid));
    if (fresh !== undefined) return performance.now() - start;
    if (performance.now() > deadline) throw new Error('no new process within 10 s');
    await delay(1);
  }
}
