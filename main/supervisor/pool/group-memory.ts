/** How much memory process groups use. Each service leads a group of its own, so its number is the leader's pid. */
import { readdir, readFile } from 'node:fs/promises';

/** Processes that are read at one time: enough to be quick, few enough open files. */
const readAtOnce = 32;

/**
 * Resident memory in bytes by number of the group; empty where there is no `/proc` (Linux only). Pages that
 * processes share count for each of them, as in `ps` and `top`.
 */
export async function memoryOfGroups(): Promise<ReadonlyMap<number, number>> {
  const sums = new Map<number, number>();
  if (process.platform !== 'linux') return sums;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).values();
  const reader = async () => {
    for (const pid of pids) {
      const found = await memoryOf(pid);
      if (found) sums.set(found.group, (sums.get(found.group) ?? 0) + found.bytes);
    }
  };
  await Promise.all(Array.from({ length: readAtOnce }, reader));
  return sums;
}

/** Null for a process that has ended, and for the kernel's own. */
async function memoryOf(pid: string): Promise<{ group: number; bytes: number } | null> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '');
  const [stat, status] = await Promise.all([read('stat'), read('status')]);
  // Not `rss` of stat, which counts in pages of a size that differs from machine to machine (proc(5)).
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
  if (kibibytes === undefined || !(group > 0)) return null;
  return { group, bytes: Number(kibibytes) * 1_024 };
}
