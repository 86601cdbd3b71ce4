/** What the kernel says a process has used (Linux, proc(5)). */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** USER_HZ, the unit of times in /proc: 100 on every architecture that Node runs on. */
const ticksPerSecond = 100;

/** CPU time of all threads of a process so far, user and system, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before may contain blanks and brackets; fields are counted behind its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process, in KiB. */
export function residentKib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
}

/** CPU time when the process has nothing left to do (a journal writes later than the last delivery). */
export async function cpuSecondsWhenQuiet(pid: number): Promise<number> {
  let before = cpuSeconds(pid);
  for (let looks = 0; looks < 10; looks += 1) {
    await delay(80);
    const now = cpuSeconds(pid);
    if (now - before < 0.011) return now;
    before = now;
  }
  return before;
}

/** The most memory that a process has while `work` goes on, in KiB. */
export async function mostResidentKib(pid: number, work: () => Promise<void>): Promise<number> {
  let most = residentKib(pid);
  const timer = setInterval(() => {
    try {
      most = Math.max(most, residentKib(pid));
    } catch {
      // The process is gone; whoever works with it is told so.
      clearInterval(timer);
    }
  }, 50);
  try {
    await work();
    return Math.max(most, residentKib(pid));
  } finally {
    clearInterval(timer);
  }
}
