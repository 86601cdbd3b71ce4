/** One manager, once through everything that is measured; each case in a run of its own. */
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, residentKib } from '../kit/process-usage.ts';
import { median } from '../kit/quantile.ts';
import { crashToRespawn, sleepersOf } from './children.ts';
import type { Contestant } from './manager.ts';
import type { Results } from './rows.ts';

export interface Extent {
  /** Each crash has a process of its own: a second one would wait by design, here and there. */
  readonly crashes: number;
  readonly idleMs: number;
  readonly questions: number;
}

export const quickExtent: Extent = { crashes: 8, idleMs: 10_000, questions: 20 };
export const fullExtent: Extent = { crashes: 20, idleMs: 30_000, questions: 100 };

/** What starts has work to do for a while that is not idling, in ms; pm2 calls that min_uptime. */
const settleMs = 3_000;

/** Who asks for the state counts as looking for ten seconds, in which ours measures its processes. */
const unwatchedMs = 13_000;

/** A case, to be run when its turn comes. */
export type Case = (contestant: Contestant, extent: Extent, results: Results) => Promise<void>;

export const cases: readonly Case[] = [withTwenty, withFifty, withHundred];

async function withTwenty({ name, open }: Contestant, extent: Extent, results: Results) {
  await using manager = await open(20);
  const { pid } = manager;
  await delay(unwatchedMs);
  const before = cpuSeconds(pid);
  const start = performance.now();
  await delay(extent.idleMs);
  const seconds = (performance.now() - start) / 1_000;
  results.add(name, 'idleCpu', ((cpuSeconds(pid) - before) / seconds) * 100);
  results.add(name, 'rss20', residentKib(pid) / 1_024);
  const times: number[] = [];
  for (const victim of sleepersOf(pid).slice(0, extent.crashes)) {
    times.push(await crashToRespawn(pid, victim));
  }
  results.add(name, 'crash', median(times));
  results.add(name, 'crashWorst', Math.max(...times));
}

async function withFifty({ name, open }: Contestant, _extent: Extent, results: Results) {
  await using manager = await open(50);
  results.add(name, 'stop50', await timed(() => manager.stopAll()));
  if (sleepersOf(manager.pid).length > 0) throw new Error('told of an end that was none');
  results.add(name, 'start50', await timed(() => manager.startAll()));
  if (sleepersOf(manager.pid).length !== 50) throw new Error('told of a start that was none');
}

async function withHundred({ name, open }: Contestant, extent: Extent, results: Results) {
  await using manager = await open(100);
  await delay(settleMs);
  const times: number[] = [];
  for (let question = 0; question < extent.questions; question += 1) {
    times.push(await timed(() => manager.status()));
  }
  results.add(name, 'status', median(times));
  results.add(name, 'rss100', residentKib(manager.pid) / 1_024);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
