/**
 * The load, in a process of its own with low priority: what clients cost must not be taken for what the
 * supervisor costs, nor take a processor away from it. Started by stage.ts, ended by a message.
 */
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { ControlClient } from '../test/control-client.ts';
import { until } from '../test/until.ts';
import { Caller } from './caller.ts';
import type { FromLoad, LoadPlan, LoadResult } from './load-messages.ts';
import { Subscriber } from './subscriber.ts';

/** Below everything that is measured (nice(1)). */
const lowPriority = 10;

/** Events are published in small groups: a timer for each would be less exact, and cost more. */
const groupsPerSecond = 20;

/** How long the last events may take to everybody, in ms. */
const drainTimeoutMs = 15_000;

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
const over = new AbortController();
const troubles: string[] = [];

function tell(message: FromLoad): void {
  process.send?.(message);
}

/** Publishes numbered events until told to end; returns how many. */
async function publish(control: ControlClient): Promise<number> {
  const begun = performance.now();
  let published = 0;
  while (!over.signal.aborted) {
    const due = Math.floor(((performance.now() - begun) / 1_000) * plan.eventsPerSecond);
    const replies: Promise<unknown>[] = [];
    while (published < due) {
      published += 1;
      const event = { event_type: 'raw', soak: published };
      replies.push(control.send({ type: 'PublishEvent', source: 'soak', event }));
    }
    await Promise.all(replies);
    await delay(1_000 / groupsPerSecond, undefined, { signal: over.signal }).catch(() => {});
  }
  return published;
}

async function run(): Promise<LoadResult> {
  const control = await ControlClient.open(plan.controlSocket);
  const open = <Item>(count: number, one: () => Promise<Item>) =>
    Promise.all(Array.from({ length: count }, one));
  const subscribers = await open(plan.subscribers, () => Subscriber.open(plan.gatewayPort));
  const callers = await open(plan.clients, () => Caller.open(plan.gatewayPort, plan.folder));
  tell({ kind: 'running' });
  const work = callers.map((each) => each.work(plan.callsPerSecond, over.signal));
  const published = await publish(control);
  await Promise.all(work);
  await until(() => subscribers.every((each) => each.last >= published || each.hasEnded), {
    what: 'the last events',
    timeoutMs: drainTimeoutMs,
  }).catch((error: unknown) => troubles.push(String(error)));
  const sum = (of: (subscriber: Subscriber) => number) =>
    subscribers.reduce((total, each) => total + of(each), 0);
  const result: LoadResult = {
    calls: callers.reduce((total, { calls }) => total + calls, 0),
    failures: callers.flatMap(({ failures }) => failures),
    published,
    delivered: sum(({ received }) => received),
    lost: sum(({ received }) => published - received),
    duplicated: sum(({ duplicated }) => duplicated),
    ended: subscribers.filter(({ hasEnded }) => hasEnded).length,
    troubles,
  };
  for (const each of [...subscribers, ...callers]) each.close();
  control.close();
  return result;
}

setPriority(lowPriority);
process.once('message', () => over.abort());
// Whoever started it is gone: so is the reason to go on.
process.once('disconnect', () => process.exit(1));
const result = await run();
// The channel closes behind the result.
process.send?.({ kind: 'result', result } satisfies FromLoad, () => process.exit(0));
