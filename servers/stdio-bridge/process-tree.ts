/**
 * Ends a server and what it started: `npx` and `sh -c` are wrappers that pass no signal on, so each
 * server leads a process group and the group is what is ended. MCP, stdio shutdown: close stdin, wait,
 * SIGTERM, wait, SIGKILL. Windows has no groups; taskkill walks the tree.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a server may take once its input ended, in ms, and again after SIGTERM. */
const stepMs = 1_000;

/** How long the system may take to remove what was killed, in ms. */
const killedMs = 500;

const pollMs = 20;

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
  while (signalGroup(group, 0)) {
    if (performance.now() >= deadline) return false;
    await delay(pollMs);
  }
  return true;
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
