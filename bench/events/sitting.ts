/** One contestant goes through one plan: a fresh process, its load, its numbers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assertNever } from '../../shared/assert-never.ts';
import type { Children } from '../kit/children.ts';
import {
  cpuSeconds,
  cpuSecondsWhenQuiet,
  mostResidentKib,
  residentKib,
} from '../kit/process-usage.ts';
import { shuffled } from '../kit/shuffled.ts';
import type { Contestant, RunningServer } from './contestants.ts';
import { type LoadAnswer, LoadClient, type LoadProgram } from './load-client.ts';
import type { FanOutPlan, Plan, PostPlan, Rate, StalledPlan } from './plans.ts';
import type { RequestFile } from './requests.ts';
import {
  burstCase,
  type Measure,
  memoryCase,
  postCase,
  type Results,
  rateCase,
  stalledCase,
} from './results.ts';

/** Subscribers that are there before memory is counted, so that code and pools are loaded by then. */
const firstSubscribers = 100;

/** Requests made for a case by POST; the load client ends early when they are used up. */
const warmingRequests = 1_600;
const measuredRequests = 8_000;

/** How long readers that had stopped may take to catch up, in ms. */
const catchUpMs = 3_000;

interface Sitting {
  readonly contestant: Contestant;
  readonly server: RunningServer;
  readonly client: LoadClient;
  readonly results: Results;
  readonly folder: string;
}

/** Throws when the contestant or the load client fails; nothing of them is left then either. */
export async function sit(
  contestant: Contestant,
  plan: Plan,
  results: Results,
  children: Children,
  program: LoadProgram,
): Promise<void> {
  const folder = mkdtempSync(join(children.folder, 'sitting-'));
  try {
    const server = await contestant.start(children, folder);
    const client = new LoadClient(children, program, server);
    await follow(plan, { contestant, server, client, results, folder });
    const { lost } = await server.report();
    if (lost !== undefined) results.add(contestant.name, memoryCase, 'lost', lost);
  } finally {
    await children.endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** True when the contestant can do anything of the plan. */
export function canFollow({ name }: Contestant, plan: Plan): boolean {
  if (name === 'nchan') return plan.kind === 'post' || isIdlePlan(plan);
  return !(name === 'tokio' && plan.kind === 'post');
}

function isIdlePlan(plan: Plan): boolean {
  return plan.kind === 'fan-out' && plan.isIdleMeasured;
}

async function follow(plan: Plan, sitting: Sitting): Promise<void> {
  switch (plan.kind) {
    case 'fan-out':
      await fanOut(plan, sitting);
      return;
    case 'stalled':
      await stall(plan, sitting);
      return;
    case 'post':
      await post(plan, sitting);
      return;
    default:
      assertNever(plan);
  }
}

async function fanOut(plan: FanOutPlan, sitting: Sitting): Promise<void> {
  const { client, server } = sitting;
  const { subscribers, burstMs, rate } = plan;
  if (plan.isIdleMeasured) await measureIdle(subscribers, sitting);
  else await client.connect(subscribers);
  if (server.publishTo === null) return;
  check(sitting, 'warming up', await client.burst(burstMs / 3, 16));
  if (rate) await measureRate(rateCase(subscribers, rate.perSecond), rate, sitting);
  for (const burst of shuffled(plan.bursts)) {
    const of = burstCase(subscribers, burst);
    check(sitting, of, await client.burst(burstMs / 3, burst));
    await measureThroughput(of, sitting, () => client.burst(burstMs, burst));
  }
  if (plan.isIdleMeasured) add(sitting, memoryCase, 'busyMib', residentKib(server.pid) / 1024);
}

/** What one more idle subscriber costs, once the server has come to rest. */
async function measureIdle(subscribers: number, sitting: Sitting): Promise<void> {
  const { client, server } = sitting;
  add(sitting, memoryCase, 'startMib', residentKib(server.pid) / 1024);
  await client.connect(firstSubscribers);
  const before = await residentAtRest(server.pid);
  const more = subscribers - firstSubscribers;
  await client.connect(more);
  const after = await residentAtRest(server.pid);
  add(sitting, memoryCase, 'idleKib', (after - before) / more);
}

async function residentAtRest(pid: number): Promise<number> {
  await cpuSecondsWhenQuiet(pid);
  await delay(200);
  return residentKib(pid);
}

async function measureRate(of: string, rate: Rate, sitting: Sitting): Promise<void> {
  const { client, server } = sitting;
  const before = await cpuSecondsWhenQuiet(server.pid);
  const answer = await client.rate(rate.ms, rate.burst, periodUs(rate), rate.bytes);
  const used = cpuSeconds(server.pid) - before;
  check(sitting, of, answer);
  add(sitting, of, 'p50Ms', answer.p50 / 1e6);
  add(sitting, of, 'p99Ms', answer.p99 / 1e6);
  add(sitting, of, 'cpuShare', used / (answer.nanoseconds / 1e9));
}

function periodUs({ perSecond, burst }: Rate): number {
  return Math.round((burst / perSecond) * 1e6);
}

async function measureThroughput(
  of: string,
  sitting: Sitting,
  load: () => Promise<LoadAnswer>,
): Promise<void> {
  const { pid } = sitting.server;
  const before = await cpuSecondsWhenQuiet(pid);
  const answer = await load();
  const used = (await cpuSecondsWhenQuiet(pid)) - before;
  check(sitting, of, answer);
  add(sitting, of, 'deliveriesPerSecond', answer.deliveries / (answer.nanoseconds / 1e9));
  if (used > 0) add(sitting, of, 'deliveriesPerCpuSecond', answer.deliveries / used);
}

async function stall(plan: StalledPlan, sitting: Sitting): Promise<void> {
  const { client, server } = sitting;
  const { rate, stalled } = plan;
  const of = stalledCase(stalled);
  await client.connect(plan.readers + stalled);
  const load = (ms: number) => client.rate(ms, rate.burst, periodUs(rate), rate.bytes);
  const mostBefore = await mostResidentKib(server.pid, async () => {
    check(sitting, of, await load(rate.ms / 2));
  });
  await client.stall(stalled);
  const most = await mostResidentKib(server.pid, async () => {
    const answer = await load(rate.ms);
    check(sitting, of, answer);
    add(sitting, of, 'p50Ms', answer.p50 / 1e6);
    add(sitting, of, 'p99Ms', answer.p99 / 1e6);
  });
  // A heap grows for some time anyhow: by how much tells the case in which nobody stops.
  add(sitting, of, 'grownMib', (most - mostBefore) / 1024);
  if (stalled === 0) return;
  const later = await client.resume(catchUpMs);
  if (later.orderErrors > 0) trouble(sitting, of, `${later.orderErrors} ids out of order later`);
  add(sitting, of, 'laterReceived', later.deliveries / stalled);
  add(sitting, of, 'laterTold', later.toldMissing / stalled);
  add(sitting, of, 'laterUntold', later.outstanding / stalled);
}

async function post(plan: PostPlan, sitting: Sitting): Promise<void> {
  const { client, server, folder } = sitting;
  const of = postCase(plan.subscribers, plan.burst);
  const prepare = (first: number, count: number) =>
    server.writeRequests?.({ file: join(folder, `requests-${first}`), first, count });
  const warming = prepare(0, warmingRequests);
  const requests = prepare(warmingRequests, measuredRequests);
  if (!requests || !warming) return;
  await client.connect(plan.subscribers);
  const send = ({ file, requestBytes }: RequestFile, ms: number) =>
    client.post(ms, plan.burst, requestBytes, file);
  check(sitting, of, await send(warming, plan.ms / 3));
  await measureThroughput(of, sitting, () => send(requests, plan.ms));
}

function add(sitting: Sitting, of: string, measure: Measure, value: number): void {
  sitting.results.add(sitting.contestant.name, of, measure, value);
}

/** Every event to every reader, in order; whatever else is said under the tables. */
function check(sitting: Sitting, of: string, answer: LoadAnswer): void {
  const { outstanding, toldMissing, orderErrors, closed } = answer;
  if (outstanding > 0) trouble(sitting, of, `${outstanding} deliveries did not come`);
  if (toldMissing > 0) trouble(sitting, of, `${toldMissing} deliveries skipped, and told`);
  if (orderErrors > 0) trouble(sitting, of, `${orderErrors} ids out of order`);
  if (closed > 0) trouble(sitting, of, `${closed} streams ended`);
}

function trouble({ contestant, results }: Sitting, of: string, what: string): void {
  results.troubles.push(`${contestant.name}, ${of}: ${what}`);
}
