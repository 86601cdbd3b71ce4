import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AwakeTime } from './awake.ts';
import { patiently } from './shortage.ts';

/** How often an ending group is looked at, in ms. */
const pollMs = 10;

/** Every so many looks it is also asked whether only zombies are left. */
const looksPerZombieCheck = 5;

/** False when the group has no member left. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    // Somebody else's by now (setuid, as sudo does): it lives, though we cannot end it.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * True as soon as nothing of the group runs any more; false when something still does after
 * `timeoutMs`, not counting time in which we slept.
 */
export async function groupEndsWithin(group: number, timeoutMs: number): Promise<boolean> {
  const time = new AwakeTime();
  for (let look = 1; signalGroup(group, 0); look += 1) {
    if (look % looksPerZombieCheck === 0 && (await groupMembers(group)).length === 0) return true;
    if (time.elapsedMs >= timeoutMs) return false;
    await delay(pollMs);
    time.sleptDuring(pollMs);
  }
  return true;
}

/**
 * The living members of a group. Dead members that nobody has waited for keep a group's number alive:
 * where process 1 does not reap orphans, as in many containers, they stay for ever. There is nothing
 * left of them to stop.
 */
export async function groupMembers(group: number): Promise<readonly number[]> {
  if (!signalGroup(group, 0)) return [];
  if (process.platform !== 'linux') return await membersByPs(group);
  const names = await patiently(() => readdir('/proc')).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  const isMember = await Promise.all(pids.map((pid) => livesInGroup(pid, group)));
  return pids.filter((_pid, index) => isMember[index]).map(Number);
}

async function livesInGroup(pid: string, group: number): Promise<boolean> {
  const stat = await patiently(() => readFile(`/proc/${pid}/stat`, 'latin1')).catch(() => '');
  // The name in parentheses may hold anything, so the fields are counted from its end (proc(5)).
  const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
}

/** macOS and the BSDs. */
async function membersByPs(group: number): Promise<readonly number[]> {
  const ps = promisify(execFile)('ps', ['-axo', 'pid=,pgid=,stat=']);
  const { stdout } = await ps.catch(() => ({ stdout: '' }));
  return stdout.split('\n').flatMap((line) => {
    const [pid, itsGroup, state] = line.trim().split(/\s+/);
    return Number(itsGroup) === group && state?.startsWith('Z') === false ? [Number(pid)] : [];
  });
}
