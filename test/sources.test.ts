/**
 * Events come in by two ways, from programs of other people too: under all their spellings, once, and
 * never round in circles. Dashboard and MCP server are stand-ins that are told what to send.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventStats } from '../shared/status.ts';
import { type RunningSupervisor, startSupervisor } from './harness.ts';
import { SseClient } from './sse-client.ts';
import { changesIn, idsOf, range } from './stamped.ts';

let supervisor: RunningSupervisor;
let dashboardUrl: string;

beforeAll(async () => {
  const program = (name: string) => ({
    command: process.execPath,
    args: [join(import.meta.dirname, name)],
  });
  supervisor = await startSupervisor({
    settings: {
      'mcp.node': program('stand-in-mcp.ts'),
      dashboard: { port: 0, ...program('stand-in-dashboard.ts') },
    },
  });
  const snapshot = await supervisor.until(
    'the dashboard to listen',
    ({ events }) => events.subscribers.length === 1,
  );
  dashboardUrl = snapshot.dashboardUrl ?? '';
});

afterAll(() => supervisor?.[Symbol.asyncDispose]());

const at = { timestamp: '2026-03-04T05:06:07.890Z', workspace_id: 'pmws-1', plan_id: 'plan_1' };
const inPlan = { workspace_id: 'pmws-1', plan_id: 'plan_1' };

const spellings: readonly (readonly [object, object])[] = [
  [
    { ...at, id: 'evt_camel', type: 'step_updated', data: { stepIndex: 4, newStatus: 'done' } },
    { event_type: 'step_changed', ...inPlan, step_index: 4, source_type: 'step_updated' },
  ],
  [
    { id: 'evt_snake', type: 'step_updated', data: { ...inPlan, step_index: 5 } },
    { event_type: 'step_changed', ...inPlan, step_index: 5, source_type: 'step_updated' },
  ],
  [
    { ...at, id: 'evt_session', type: 'agent_session_started', data: { sessionId: 'sess_1' } },
    { event_type: 'agent_session_changed', ...inPlan, session_id: 'sess_1' },
  ],
  [
    { ...at, id: 'evt_handoff', type: 'handoff', data: { session_id: 'sess_2' } },
    { event_type: 'agent_session_changed', ...inPlan, session_id: 'sess_2' },
  ],
  [
    { id: 'evt_ids', type: 'plan_created', data: { workspaceId: 'pmws-1', planId: 'plan_1' } },
    { event_type: 'plan_created', ...inPlan },
  ],
];

test('events of a dashboard enter under every spelling, and each one once', async () => {
  using subscriber = await SseClient.open(supervisor.eventsUrl);
  const before = await stats();
  for (const [event] of spellings) {
    await emitByDashboard(event);
    await emitByDashboard(event);
  }
  const after = await statsWhenSettled(before, 2 * spellings.length);
  expect(after.recognised).toBe(after.received - spellings.length);
  expect(after.rejected).toBe(0);
  const last = await emitByControl('the last');
  await subscriber.until('the last event', ({ lastEventId }) => lastEventId === String(last));
  const changes = changesIn(subscriber.events);
  expect(changes).toHaveLength(spellings.length + 1);
  for (const [index, [event, expected]] of spellings.entries()) {
    const { id: source_id, timestamp } = event as { id: string; timestamp?: string };
    expect(changes[index]?.data).toMatchObject({
      ...expected,
      source: 'stream:dashboard',
      source_id,
      ...(timestamp !== undefined && { timestamp }),
    });
  }
});

test('what a dashboard repeats of the events it was sent does not enter again', async () => {
  using subscriber = await SseClient.open(supervisor.eventsUrl);
  const before = await stats();
  const repeatedBefore = await repeated();
  const ids = [
    await emitByControl('one'),
    await emitByControl('two'),
    await emitByControl('three'),
  ];
  const after = await statsWhenSettled(before, 0);
  expect((await repeated()) - repeatedBefore).toBeGreaterThanOrEqual(ids.length);
  expect(after.recognised).toBe(after.received);
  await subscriber.until('all', () => changesIn(subscriber.events).length >= ids.length);
  expect(changesIn(subscriber.events).map(({ id }) => id)).toEqual(ids);
});

test('an event that comes by webhook and by stream enters once', async () => {
  using subscriber = await SseClient.open(supervisor.eventsUrl);
  const before = await stats();
  const event = { ...at, id: 'evt_both', type: 'plan_updated', data: {} };
  expect(await deliver([event])).toMatchObject([{ ok: true, duplicate: false }]);
  await emitByDashboard(event);
  expect(await deliver([event])).toMatchObject([{ ok: true, duplicate: true }]);
  await statsWhenSettled(before, 1);
  const last = await emitByControl('the last');
  await subscriber.until('the last event', ({ lastEventId }) => lastEventId === String(last));
  expect(changesIn(subscriber.events)).toMatchObject([
    { data: { event_type: 'plan_updated', source: 'webhook:mcp:1', source_id: 'evt_both' } },
    { data: { event_type: 'test' } },
  ]);
});

test('a thousand webhooks at once reach five subscribers, all in one order', async () => {
  const subscribers = await Promise.all(
    range(1, 5).map(() => SseClient.open(supervisor.eventsUrl)),
  );
  const events = range(1, 1_000).map((number) => ({
    ...at,
    id: `evt_burst_${number}`,
    type: 'step_updated',
    data: { stepIndex: number },
  }));
  const answers = await deliver(events);
  expect(answers.filter((answer) => Reflect.get(answer, 'duplicate') === false)).toHaveLength(
    1_000,
  );
  const last = await emitByControl('the last');
  for (const subscriber of subscribers) {
    await subscriber.until('the last event', ({ lastEventId }) => lastEventId === String(last));
    const ids = idsOf(subscriber.events);
    expect(ids).toEqual(range(ids[0] ?? 0, ids.at(-1) ?? 0));
    const changes = changesIn(subscriber.events).slice(0, -1);
    expect(changes).toEqual(changesIn(subscribers[0]?.events ?? []).slice(0, -1));
    const steps = changes.map(({ data }) => Reflect.get(data, 'step_index') as number);
    expect(steps.toSorted((one, other) => one - other)).toEqual(range(1, 1_000));
    subscriber.close();
  }
});

test('a webhook without the secret is refused and nothing enters', async () => {
  using subscriber = await SseClient.open(supervisor.eventsUrl);
  const before = await stats();
  const response = await fetch(`${supervisor.gatewayUrl}/admin/events/hook`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-pm-webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'x-pm-webhook-signature': `v1=${'0'.repeat(64)}`,
    },
    body: JSON.stringify({ event: { id: 'evt_forged', type: 'plan_deleted', data: {} } }),
  });
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 'signature_invalid' });
  expect((await stats()).rejected).toBe(before.rejected + 1);
  const last = await emitByControl('the last');
  await subscriber.until('the last event', ({ lastEventId }) => lastEventId === String(last));
  expect(changesIn(subscriber.events).map(({ id }) => id)).toEqual([last]);
});

async function stats(): Promise<EventStats> {
  return (await supervisor.snapshot()).events;
}

/** What came by the dashboard's stream. */
function receivedIn({ sources }: EventStats): number {
  return sources.find(({ name }) => name === 'dashboard')?.received ?? 0;
}

/**
 * What has changed since `before`, as soon as nothing is under way any more: the dashboard emitted
 * `emitted` events and has repeated each one that was published.
 */
async function statsWhenSettled(before: EventStats, emitted: number) {
  const received = (now: EventStats) => receivedIn(now) - receivedIn(before);
  const { events: now } = await supervisor.until(
    'the dashboard to repeat everything',
    ({ events }) => received(events) === emitted + events.published - before.published,
  );
  return {
    received: received(now),
    recognised: now.deduplicated - before.deduplicated,
    rejected: now.rejected - before.rejected,
  };
}

async function emitByControl(message: string): Promise<number> {
  const request = { type: 'EmitTestEvent', message } as const;
  return (await supervisor.control<'EmitTestEvent'>(request)).id;
}

async function emitByDashboard(event: object): Promise<void> {
  await fetch(`${dashboardUrl}emit`, { method: 'POST', body: JSON.stringify(event) });
}

async function repeated(): Promise<number> {
  return Number(await (await fetch(`${dashboardUrl}repeated`)).text());
}

/** By way of the gateway, which passes what it does not know on to the primary instance. */
async function deliver(events: readonly object[]): Promise<readonly object[]> {
  const response = await fetch(`${supervisor.gatewayUrl}/deliver`, {
    method: 'POST',
    body: JSON.stringify(events),
  });
  return (await response.json()) as readonly object[];
}
