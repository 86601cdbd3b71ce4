import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** How often an ending group is looked at, in ms. */
const pollMs = 10;

/** Every so many looks it is also asked whether only zombies are left. */
const looksPerZombieCheck = 5;

/** False when the group has no member left. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** True as soon as nothing of the group runs any more; false when something still does after `timeoutMs`. */
export async function groupEndsWithin(group: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let look = 1; signalGroup(group, 0); look += 1) {
    if (look % looksPerZombieCheck === 0 && (await onlyZombies(group))) return true;
    if (performance.now() >= deadline) return false;
    await delay(pollMs);
  }
  return true;
}

/**
 * Dead members that nobody has waited for keep a group's number alive. Where process 1 does not reap
 * orphans, as in many containers, they stay for ever; there is nothing left of them to stop.
 */
async function onlyZombies(group: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const names = await readdir('/proc').catch(() => []);
  const states = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => stateInGroup(name, group)),
  );
  return states.every((state) => state === null || state === 'Z' || state === 'X');
}

/** The state letter of a process if it belongs to the group (proc(5), /proc/pid/stat). */
async function stateInGroup(pid: string, group: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(itsGroup) === group ? (state ?? null) : null;
}
