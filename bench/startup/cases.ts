/** What is started, and what is looked at: from the outside, as its user meets it. */
import { setTimeout as delay } from 'node:timers/promises';
import { Place, type Settings, startSupervisor } from '../../test/harness.ts';
import { cpuSeconds, residentKib } from '../kit/process-usage.ts';

export interface Case {
  readonly name: string;
  readonly settings: Settings;
  readonly env?: Readonly<Record<string, string>>;
  /** Goals: what it may take at most. */
  readonly readyMs?: number;
  readonly residentMib?: number;
  readonly idlePercent?: number;
}

const alone: Settings = {
  mcp: { enabled: false, port: 0 },
  dashboard: { enabled: false, port: 0 },
};

export const cases: readonly Case[] = [
  { name: 'core alone', settings: alone, readyMs: 300, residentMib: 90, idlePercent: 0.3 },
  {
    name: 'core alone, nothing kept compiled',
    settings: alone,
    // Node's own switch: what the first start after a build is like.
    env: { NODE_DISABLE_COMPILE_CACHE: '1' },
  },
  { name: 'with pool and dashboard', settings: {}, readyMs: 1_500, idlePercent: 0.3 },
];

export interface Sample {
  /** From the start of the process until everything that is configured is ready. */
  readonly readyMs: number;
  /** Processor time of the supervisor itself by then. */
  readonly startCpuMs: number;
  /** Of the supervisor itself, when the start is over. */
  readonly residentMib: number;
  /** Share of one core, of the supervisor itself. */
  readonly idlePercent: number;
}

/** Who asked for the state counts as looking for ten seconds, in which the supervisor measures. */
const unwatchedMs = 13_000;

/** One run of its own, in a folder of its own, of which nothing is left. */
export async function sample({ settings, env = {} }: Case, idleMs: number): Promise<Sample> {
  await using place = await Place.create({ settings, env });
  const start = performance.now();
  const supervisor = await startSupervisor({ place });
  const readyMs = performance.now() - start;
  const { pid } = supervisor.process;
  const startCpuMs = cpuSeconds(pid) * 1_000;
  supervisor.client.close();
  await delay(unwatchedMs);
  const before = cpuSeconds(pid);
  const idleSince = performance.now();
  await delay(idleMs);
  const used = (cpuSeconds(pid) - before) * 1_000;
  const idlePercent = (used / (performance.now() - idleSince)) * 100;
  return { readyMs, startCpuMs, residentMib: residentKib(pid) / 1_024, idlePercent };
}
