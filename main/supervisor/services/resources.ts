/**
 * What the services use of the machine, each with its whole process tree, and what we use ourselves.
 * Measured every two seconds while somebody looks. When nobody does there is no timer and nothing to
 * pay for: people leave this program running all day.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ProcessEntry, ProcessUsage, SelfUsage } from '../../../shared/status.ts';
import { redactArguments } from '../telemetry/redact.ts';
import { residentBytes } from '../telemetry/resident-bytes.ts';
import { type ProcessRow, ProcessTable, type ProcessTrees } from './process-table.ts';

/** People read numbers that change; more often they could not. */
const samplePeriodMs = 2_000;

/** Who only asks once, and may ask again, counts as looking for so long, in ms. */
const glanceMs = 10_000;

/** How long a single question about the processor waits for the second measurement, in ms. */
const momentMs = 250;

/** The delay of the event loop is measured by a timer of this period, in ms. */
const loopResolutionMs = 20;

/** Enough to recognise a command, little enough for a table. */
const commandChars = 300;

/** Processes of one tree that are told: no more than anybody reads. */
const toldProcesses = 200;

const unknownUsage: ProcessUsage = {
  cpuPercent: null,
  rssBytes: null,
  processes: null,
  startedAt: null,
};

interface Sample {
  /** Of the monotonic clock, in ms. */
  readonly at: number;
  readonly trees: ProcessTrees;
  /** Time on a processor of each process, in ms. */
  readonly cpuMs: ReadonlyMap<number, number>;
}

export interface ResourcesOptions {
  /** The leaders of the services' process trees. */
  readonly roots: () => ReadonlySet<number>;
  /** There are new numbers. */
  readonly onSample: () => void;
}

export class Resources {
  readonly #options: ResourcesOptions;
  readonly #loopDelay = monitorEventLoopDelay({ resolution: loopResolutionMs });
  #table = new ProcessTable();
  #lookers = 0;
  /** Ends the measuring that goes on; null while nobody looks. */
  #over: AbortController | null = null;
  #glance: { readonly timer: NodeJS.Timeout; readonly leave: () => void } | null = null;
  #sample: Sample | null = null;
  #usage: ReadonlyMap<number, ProcessUsage> = new Map();
  #self: SelfUsage | null = null;

  constructor(options: ResourcesOptions) {
    this.#options = options;
  }

  /** Somebody looks, until the returned function is called. */
  look(): () => void {
    this.#lookers += 1;
    if (this.#over === null) {
      this.#over = new AbortController();
      void this.#measure(this.#over.signal);
    }
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#lookers -= 1;
      if (this.#lookers === 0) this.#rest();
    };
  }

  /** Somebody asked once: numbers are kept fresh for ten seconds. */
  glance(): void {
    if (this.#glance) {
      this.#glance.timer.refresh();
      return;
    }
    const leave = this.look();
    const timer = setTimeout(() => {
      this.#glance = null;
      leave();
    }, glanceMs);
    this.#glance = { timer: timer.unref(), leave };
  }

  /** What the tree of this leader used when it was last measured; nulls when it was not. */
  usageOf(pid: number | null): ProcessUsage {
    return (pid === null ? undefined : this.#usage.get(pid)) ?? unknownUsage;
  }

  /** What the supervisor itself uses; null while nobody looks. */
  get self(): SelfUsage | null {
    return this.#self;
  }

  /** The processes of one tree now, the leader first; measured at once, whoever looks. */
  async tree(root: number): Promise<readonly ProcessEntry[]> {
    const table = new ProcessTable();
    const read = async () => sampleOf(await table.trees(new Set([root])));
    const first = await read();
    await delay(momentMs);
    const second = await read();
    const rows = (second.trees.get(root) ?? []).slice(0, toldProcesses);
    const commands = await commandsOf(rows.map(({ pid }) => pid));
    return rows.map((row) => ({
      pid: row.pid,
      parent: row.parent,
      command: commands.get(row.pid) ?? '',
      rssBytes: row.rssBytes,
      cpuPercent: percentOf(cpuSince([row], first), second.at - first.at),
      startedAt: new Date(row.startedAt).toISOString(),
    }));
  }

  /** Ends all measuring. */
  close(): void {
    if (this.#glance) clearTimeout(this.#glance.timer);
    this.#glance = null;
    this.#lookers = 0;
    this.#rest();
  }

  #rest(): void {
    this.#over?.abort();
    this.#over = null;
    this.#loopDelay.disable();
    this.#table = new ProcessTable();
    this.#sample = null;
    this.#usage = new Map();
    this.#self = null;
  }

  async #measure(signal: AbortSignal): Promise<void> {
    this.#loopDelay.reset();
    this.#loopDelay.enable();
    let cpu = process.cpuUsage();
    let at = performance.now();
    while (!signal.aborted) {
      const sample = sampleOf(await this.#table.trees(this.#options.roots()));
      if (signal.aborted) return;
      this.#usage = usageIn(sample, this.#sample);
      const used = process.cpuUsage(cpu);
      this.#self = {
        cpuPercent: percentOf((used.user + used.system) / 1_000, sample.at - at),
        rssBytes: residentBytes() ?? this.#self?.rssBytes ?? 0,
        eventLoopDelayMs: this.#delayMs(),
      };
      [cpu, at] = [process.cpuUsage(), sample.at];
      this.#sample = sample;
      this.#options.onSample();
      await delay(samplePeriodMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** How late one in a hundred turns of the event loop was since the last call; null at first. */
  #delayMs(): number | null {
    const { count } = this.#loopDelay;
    const latest = this.#loopDelay.percentile(99) / 1e6 - loopResolutionMs;
    this.#loopDelay.reset();
    return count === 0 ? null : Math.max(0, Math.round(latest * 10) / 10);
  }
}

function sampleOf(trees: ProcessTrees): Sample {
  const rows = [...trees.values()].flat();
  return {
    at: performance.now(),
    trees,
    cpuMs: new Map(rows.map(({ pid, cpuMs }) => [pid, cpuMs])),
  };
}

/** What each tree uses, from two samples; the processor needs both. */
function usageIn(now: Sample, before: Sample | null): ReadonlyMap<number, ProcessUsage> {
  const usage = new Map<number, ProcessUsage>();
  for (const [root, rows] of now.trees) {
    const leader = rows.find(({ pid }) => pid === root);
    usage.set(root, {
      cpuPercent: before && percentOf(cpuSince(rows, before), now.at - before.at),
      rssBytes: rows.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
      processes: rows.length,
      startedAt: leader ? new Date(leader.startedAt).toISOString() : null,
    });
  }
  return usage;
}

/** Time on a processor since the sample, in ms; processes that were not there then began with none. */
function cpuSince(rows: readonly ProcessRow[], before: Sample): number {
  let sum = 0;
  for (const { pid, cpuMs } of rows) {
    const earlier = before.cpuMs.get(pid) ?? 0;
    // Less than before: the number has been given to another process.
    sum += cpuMs >= earlier ? cpuMs - earlier : cpuMs;
  }
  return sum;
}

/** With one digit behind the point; 100 is one processor. */
function percentOf(cpuMs: number, elapsedMs: number): number {
  return elapsedMs <= 0 ? 0 : Math.round((cpuMs / elapsedMs) * 1_000) / 10;
}

/** The command lines, shortened and without their secrets; who has ended is absent. */
async function commandsOf(pids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const commands =
    process.platform === 'linux' ? await readCommands(pids) : await askForCommands(pids);
  return new Map(
    commands.map(([pid, args]) => {
      const command = redactArguments(args).join(' ').trim();
      const isLong = command.length > commandChars;
      return [pid, isLong ? `${command.slice(0, commandChars - 1)}…` : command];
    }),
  );
}

type Command = readonly [pid: number, args: readonly string[]];

async function readCommands(pids: readonly number[]): Promise<readonly Command[]> {
  return await Promise.all(
    pids.map(async (pid): Promise<Command> => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return [pid, line.split('\0')];
    }),
  );
}

async function askForCommands(pids: readonly number[]): Promise<readonly Command[]> {
  const args = ['-o', 'pid=,command=', '-p', pids.join(',')];
  const ps = promisify(execFile)('ps', args, { timeout: momentMs * 8 });
  const { stdout } = await ps.catch(() => ({ stdout: '' }));
  return stdout.split('\n').flatMap((line): readonly Command[] => {
    const [pid, ...words] = line.trim().split(/\s+/);
    return words.length === 0 ? [] : [[Number(pid), words]];
  });
}
