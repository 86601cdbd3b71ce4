/** What is started, and what is looked at: from the outside, as its user meets it. */
import { setTimeout as delay } from 'node:timers/promises';
import { Place, type Settings, startSupervisor } from '../../test/harness.ts';
import { cpuSeconds, residentKib } from '../kit/process-usage.ts';
import { type Goals, type Reading, type Sample, sampleOf } from './results.ts';

export interface Case extends Goals {
  readonly name: string;
  readonly settings: Settings;
  readonly env?: Readonly<Record<string, string>>;
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

/**
 * Idle begins when the start is over, in ms: who asked for the state counts as looking for ten seconds, in
 * which the supervisor measures; after five it gives back what the start took (settle-memory.ts), and eight
 * seconds after that V8 looks for more by itself.
 */
const settledMs = 30_000;

/** One run of its own, in a folder of its own, of which nothing is left. */
export async function sample({ settings, env = {} }: Case, idleMs: number): Promise<Sample> {
  await using place = await Place.create({ settings, env });
  const startMs = performance.now();
  const supervisor = await startSupervisor({ place });
  const { pid } = supervisor.process;
  const ready = read(pid);
  supervisor.client.close();
  await delay(settledMs);
  const idleBegin = read(pid);
  await delay(idleMs);
  return sampleOf({ startMs, ready, idleBegin, idleEnd: read(pid) });
}

function read(pid: number): Reading {
  const atMs = performance.now();
  return { atMs, cpuSeconds: cpuSeconds(pid), residentKib: residentKib(pid) };
}
