/**
 * The end of a process with everything it started, on systems with process groups: SIGTERM to the
 * group, a grace time, SIGKILL, then those that left the group but still carry the cookie. While that
 * takes long, what is waited for is named; what cannot be ended is told, never hidden.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AwakeTime } from './awake.ts';
import { processesWithCookie } from './cookie.ts';
import { groupEndsWithin, groupMembers, signalGroup } from './process-group.ts';
import { describeProcesses } from './process-names.ts';

/** Told what a stop waits for, in words, when that takes longer than a moment. */
export type OnHang = (words: string) => void;

/** How often strays are looked for, in ms. */
const strayPollMs = 20;

/** After SIGKILL the kernel needs a while to free much memory. What is still there later stays. */
const afterKillMs = 5_000;

/** A stop that takes longer is asked about. */
const hangAfterMs = 1_000;

/** How often the names of what hangs are told anew. */
const hangPeriodMs = 2_000;

/**
 * Ends the tree whose leader was `group`, with `graceMs` between SIGTERM and SIGKILL; resolves with what
 * could not be ended, in words, or null.
 */
export async function endTree(
  group: number,
  cookie: string,
  graceMs: number,
  onHang: OnHang,
): Promise<string | null> {
  return await telling(group, cookie, onHang, async () => {
    signalGroup(group, 'SIGTERM');
    if (!(await groupEndsWithin(group, graceMs))) await killGroup(group);
    return await endStrays(group, cookie);
  });
}

/** As `endTree`, but at once: for what a leader left behind when it exited by itself. */
export async function killTree(
  group: number,
  cookie: string,
  onHang: OnHang,
): Promise<string | null> {
  return await telling(group, cookie, onHang, async () => {
    await killGroup(group);
    return await endStrays(group, cookie);
  });
}

async function killGroup(group: number): Promise<void> {
  if (signalGroup(group, 'SIGKILL')) await groupEndsWithin(group, afterKillMs);
}

/** Ends whatever carries the cookie and asks nothing else: for a tree whose leader's number is not ours. */
export async function endCarriers(cookie: string): Promise<string | null> {
  return await endStrays(null, cookie);
}

async function endStrays(group: number | null, cookie: string): Promise<string | null> {
  const time = new AwakeTime();
  // A stray may fork while it is being looked for, so it is looked for until there is none.
  for (;;) {
    const strays = await processesWithCookie(cookie);
    if (strays.length === 0 && (group === null || !signalGroup(group, 0))) return null;
    if (strays.length === 0) break;
    if (time.elapsedMs >= afterKillMs) break;
    for (const pid of strays) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await delay(strayPollMs);
    time.sleptDuring(strayPollMs);
  }
  const left = await membersOf(group, cookie);
  return left.length === 0 ? null : `${await describeProcesses(left)} cannot be ended`;
}

/** Does it, and tells meanwhile what it waits for. */
async function telling<Result>(
  group: number,
  cookie: string,
  onHang: OnHang,
  work: () => Promise<Result>,
): Promise<Result> {
  const over = new AbortController();
  void tellWhatHangs(group, cookie, onHang, over.signal);
  try {
    return await work();
  } finally {
    over.abort();
  }
}

async function tellWhatHangs(
  group: number,
  cookie: string,
  onHang: OnHang,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = hangAfterMs; !signal.aborted; waitMs = hangPeriodMs) {
    await delay(waitMs, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted) return;
    const pids = await membersOf(group, cookie);
    const words = `waits for ${await describeProcesses(pids)}`;
    if (pids.length > 0 && !signal.aborted) onHang(words);
  }
}

async function membersOf(group: number | null, cookie: string): Promise<readonly number[]> {
  const [members, strays] = await Promise.all([
    group === null ? [] : groupMembers(group),
    processesWithCookie(cookie),
  ]);
  return [...new Set([...members, ...strays])].toSorted((one, other) => one - other);
}
