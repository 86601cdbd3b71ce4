/**
 * Ends a server and what it started: `npx` and `sh -c` are wrappers that pass no signal on, so each
 * server leads a process group and the group is what is ended. MCP, stdio shutdown: close stdin, wait,
 * SIGTERM, wait, SIGKILL. Windows has no groups; taskkill walks the tree.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a server may take once its input ended, in ms, and again after SIGTERM. */
const stepMs = 1_000;

/**
 * How long the system may take to remove what was killed, in ms: a busy machine takes its time. What is
 * there after that is stuck in the kernel, where nobody can help.
 */
const killedMs = 5_000;

const pollMs = 20;

/** Every so many looks, and at the last one, it is also asked whether only zombies are left. */
const looksPerZombieCheck = 5;

/** Resolves when nothing of the server runs any more, or nothing can be done about it. */
export async function endTree(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.stdin?.end();
  await Promise.race([exited, delay(stepMs, undefined, { ref: false })]);
  if (child.pid === undefined) return;
  if (process.platform === 'win32') return endWindowsTree(child, child.pid, exited);
  if (await groupIsGone(child.pid, 0)) return;
  signalGroup(child.pid, 'SIGTERM');
  if (await groupIsGone(child.pid, stepMs)) return;
  signalGroup(child.pid, 'SIGKILL');
  await groupIsGone(child.pid, killedMs);
}

/** False when the group has no member left. Its number is not given anew while it has one. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

async function groupIsGone(group: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let look = 1; signalGroup(group, 0); look += 1) {
    const isLast = performance.now() >= deadline;
    if ((isLast || look % looksPerZombieCheck === 0) && !(await hasLiving(group))) return true;
    if (isLast) return false;
    await delay(pollMs);
  }
  return true;
}

/**
 * Dead members that nobody has waited for keep a group's number alive: where process 1 does not reap
 * orphans, as in many containers, they stay for ever. True where the system does not tell.
 */
async function hasLiving(group: number): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const names = await readdir('/proc').catch(() => null);
  if (names === null) return true;
  for (const name of names) {
    if (/^\d+$/.test(name) && (await livesInGroup(name, group))) return true;
  }
  return false;
}

async function livesInGroup(pid: string, group: number): Promise<boolean> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'latin1');
  } catch (error) {
    // ENOENT or ESRCH: it has gone since. Anything else (no file handle left) is no proof of that.
    return !['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
  // The name in parentheses may hold anything, so the fields are counted from its end (proc(5)).
  const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(itsGroup) === group && state !== 'Z' && state !== 'X';
}

async function endWindowsTree(
  child: ChildProcess,
  pid: number,
  exited: Promise<unknown>,
): Promise<void> {
  if (child.exitCode !== null) return;
  execFile('taskkill', ['/pid', String(pid), '/T', '/F'], () => undefined);
  await Promise.race([exited, delay(stepMs, undefined, { ref: false })]);
}
