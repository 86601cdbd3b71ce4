/**
 * The processes of this machine as a table, read while somebody looks. On Linux from `/proc`: reading
 * one costs the event loop some 50 µs, so processes that turned out to be nobody of ours are not read
 * again. Elsewhere `ps` is asked. Windows has neither; there the table is empty, and nothing is shown.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** The number of its process group. */
  readonly group: number;
  readonly rssBytes: number;
  /** Time on a processor since it began, in ms. */
  readonly cpuMs: number;
  /** Unix ms. */
  readonly startedAt: number;
}

/** Each root with all that descends from it or is in its group, the root first; without those that ended. */
export type ProcessTrees = ReadonlyMap<number, readonly ProcessRow[]>;

/** Files that are read at one time: enough to be quick, few enough open files. */
const readAtOnce = 32;

/** So often everything is read: a number that was somebody else's may have become ours meanwhile. */
const passesPerFullPass = 30;

/** `ps` answers in some 20 ms; what takes longer than this, in ms, hangs. */
const psTimeoutMs = 5_000;

export class ProcessTable {
  /** Those that belonged to no root when they were read. */
  #strangers: ReadonlySet<number> = new Set();
  #roots: ReadonlySet<number> = new Set();
  #passes = 0;
  #machine: Promise<Machine> | null = null;

  /** The trees of these processes as they are now. Never throws: what cannot be read is absent. */
  async trees(roots: ReadonlySet<number>): Promise<ProcessTrees> {
    if (roots.size === 0 || process.platform === 'win32') return new Map();
    const rows = process.platform === 'linux' ? await this.#readProc(roots) : await readPs();
    const trees = treesIn(rows, roots);
    const ours = new Set([...trees.values()].flat().map(({ pid }) => pid));
    const read = rows.map(({ pid }) => pid).filter((pid) => !ours.has(pid));
    this.#strangers = new Set([...this.#strangers, ...read]);
    return trees;
  }

  async #readProc(roots: ReadonlySet<number>): Promise<readonly ProcessRow[]> {
    this.#machine ??= readMachine();
    const machine = await this.#machine;
    const [names, bootedAt] = await Promise.all([readdir('/proc').catch(() => []), bootTime()]);
    const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
    // The descendants of a new root may have been there before it was known.
    const isFull = ![...roots].every((root) => this.#roots.has(root));
    if (isFull || this.#passes % passesPerFullPass === 0) this.#strangers = new Set();
    else this.#strangers = new Set(pids.filter((pid) => this.#strangers.has(pid)));
    this.#passes += 1;
    this.#roots = roots;
    const rest = pids.filter((pid) => !this.#strangers.has(pid)).values();
    const rows: ProcessRow[] = [];
    const reader = async () => {
      for (const pid of rest) {
        const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
        const row = rowOf(pid, stat, machine, bootedAt);
        if (row) rows.push(row);
      }
    };
    await Promise.all(Array.from({ length: readAtOnce }, reader));
    return rows;
  }
}

/** The units of the kernel's numbers, which differ from machine to machine. */
interface Machine {
  readonly pageBytes: number;
  readonly ticksPerSecond: number;
}

/** Keys of the vector that the kernel gives each program (getauxval(3)). */
const pageSizeKey = 6n;
const clockTicksKey = 17n;

async function readMachine(): Promise<Machine> {
  const vector = await readFile('/proc/self/auxv').catch(() => Buffer.alloc(0));
  const values = new Map<bigint, number>();
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    values.set(vector.readBigUInt64LE(at), Number(vector.readBigUInt64LE(at + 8)));
  }
  // What nearly every machine has, where the vector cannot be read (32 bits).
  return {
    pageBytes: values.get(pageSizeKey) ?? 4_096,
    ticksPerSecond: values.get(clockTicksKey) ?? 100,
  };
}

/** When the machine was started, Unix ms. */
async function bootTime(): Promise<number> {
  const uptime = await readFile('/proc/uptime', 'latin1').catch(() => '0');
  return Date.now() - Number.parseFloat(uptime) * 1_000;
}

/** Null for what is no line of `/proc/PID/stat` (proc(5)), and for a zombie, which uses nothing. */
export function rowOf(
  pid: number,
  stat: string,
  { pageBytes, ticksPerSecond }: Machine,
  bootedAt: number,
): ProcessRow | null {
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group] = fields;
  const field = (number: number) => Number(fields[number - 3]);
  if (fields.length < 22 || state === 'Z' || state === 'X') return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    rssBytes: field(24) * pageBytes,
    cpuMs: ((field(14) + field(15)) * 1_000) / ticksPerSecond,
    startedAt: bootedAt + (field(22) * 1_000) / ticksPerSecond,
  };
}

async function readPs(): Promise<readonly ProcessRow[]> {
  const columns = 'pid=,ppid=,pgid=,rss=,time=,etime=';
  const ps = promisify(execFile)('ps', ['-axo', columns], { timeout: psTimeoutMs });
  const { stdout } = await ps.catch(() => ({ stdout: '' }));
  return rowsOfPs(stdout, Date.now());
}

/** The rows in the output of `ps -axo pid=,ppid=,pgid=,rss=,time=,etime=` (macOS, the BSDs). */
export function rowsOfPs(output: string, now: number): readonly ProcessRow[] {
  return output.split('\n').flatMap((line) => {
    const [pid, parent, group, kibibytes, time, elapsed] = line.trim().split(/\s+/);
    if (time === undefined || elapsed === undefined) return [];
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        rssBytes: Number(kibibytes) * 1_024,
        cpuMs: durationMs(time),
        startedAt: now - durationMs(elapsed),
      },
    ];
  });
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`. */
function durationMs(text: string): number {
  const [days, clock] = text.includes('-') ? text.split('-') : ['0', text];
  const parts = (clock ?? '').split(':').map(Number);
  const seconds = parts.reduce((sum, part) => sum * 60 + part, 0);
  return (Number(days) * 86_400 + seconds) * 1_000;
}

/** The tree of each root among the rows; one that is inside another root's tree has its own as well. */
export function treesIn(
  rows: readonly ProcessRow[],
  roots: ReadonlySet<number>,
): Map<number, readonly ProcessRow[]> {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const children = Map.groupBy(rows, ({ parent }) => parent);
  const members = Map.groupBy(rows, ({ group }) => group);
  const trees = new Map<number, readonly ProcessRow[]>();
  for (const root of roots) {
    const leader = byPid.get(root);
    // Who lost its parent is still in the group, unless it left that as well.
    const tree = new Set([...(leader ? [leader] : []), ...(members.get(root) ?? [])]);
    // A set is walked in the order of its entries, those that are added meanwhile included.
    for (const { pid } of tree) for (const child of children.get(pid) ?? []) tree.add(child);
    if (tree.size > 0) trees.set(root, [...tree]);
  }
  return trees;
}
