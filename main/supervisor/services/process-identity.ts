/**
 * Whether a process is still the one it was. A process id alone says little: it is given again. With its
 * start time and the boot in which it was read it names one process for ever. Only Linux tells both
 * without starting a program; elsewhere nothing is known, so nothing matches.
 */
import { readFile } from 'node:fs/promises';
import { cookieName } from './cookie.ts';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the boot (proc(5), field 22). */
  readonly startTime: string;
  readonly bootId: string;
}

/** True where processes can be told apart. */
export const canIdentify = process.platform === 'linux';

/** Null when there is no such process (a zombie is none), or it cannot be known. */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const [stat, bootId] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => ''),
  ]);
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  if (startTime === undefined || bootId === '' || state === 'Z' || state === 'X') return null;
  return { pid, startTime, bootId: bootId.trim() };
}

/** True while the very same process lives. */
export async function isStill(known: ProcessIdentity): Promise<boolean> {
  const now = await identityOf(known.pid);
  return now !== null && now.startTime === known.startTime && now.bootId === known.bootId;
}

/** The cookie that a process was started with; null when it has none or is not ours to look at. */
export async function cookieOf(pid: number): Promise<string | null> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  const entry = environment.split('\0').find((each) => each.startsWith(`${cookieName}=`));
  return entry?.slice(cookieName.length + 1) ?? null;
}
