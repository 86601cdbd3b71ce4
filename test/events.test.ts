/** Events arrive, in order and once, whatever ends, comes back, hurries or repeats itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningSupervisor, startSupervisor } from './harness.ts';
import { heldBytes, inspectFlag } from './held-memory.ts';
import { connectClient, makePlan } from './mcp-clients.ts';
import { SseClient } from './sse-client.ts';
import { changesIn, idsOf, range } from './stamped.ts';

const subscriberCount = 5;
const burst = 1_000;

let supervisor: RunningSupervisor;

beforeAll(async () => {
  supervisor = await startSupervisor({
    settings: { 'mcp.pool': { min_instances: 2, max_instances: 2, base_port: 0 } },
    nodeFlags: [inspectFlag],
  });
});

afterAll(() => supervisor?.[Symbol.asyncDispose]());

test('W10 (9.7) a thousand rapid events reach five subscribers, in order and once', async () => {
  await using subscribers = await subscribe(subscriberCount);
  const ids = await emit(burst);
  expect(new Set(ids).size).toBe(burst);
  for (const subscriber of subscribers.all) {
    await subscriber.until('the last event', isEvent(ids.at(-1)));
    expect(changesIn(subscriber.events).map(({ id }) => id)).toEqual(ids);
  }
  expect((await supervisor.snapshot()).events).toMatchObject({ lagged: 0, rejected: 0 });
});

test('what agents change all at once reaches five subscribers, in order and once', async () => {
  await using subscribers = await subscribe(subscriberCount);
  const steps = range(0, 29);
  const plans = await Promise.all(
    ['one', 'two', 'three'].map(async (name) => {
      await using client = await connectClient(supervisor.mcpUrl, name);
      const { planId: plan_id } = await makePlan(client, `/work/${name}`);
      const tasks = steps.map((step) => `Task ${step}`);
      await client.call('memory_steps', { action: 'add', plan_id, tasks });
      for (const step_index of steps) {
        const change = { action: 'update', plan_id, step_index, notes: 'done it' };
        await client.call('memory_steps', change);
      }
      return plan_id;
    }),
  );
  // Workspace, plan, added steps, and each step, of three agents.
  const count = 3 * (3 + steps.length);
  const [first] = subscribers.all;
  await first?.until('all changes', () => changesIn(first.events).length >= count);
  const [last] = await emit(1);
  for (const subscriber of subscribers.all) {
    await subscriber.until('the last event', isEvent(last));
    const changes = changesIn(subscriber.events);
    for (const plan of plans) {
      const indexes = changes.flatMap(({ data }) =>
        data.event_type === 'step_changed' && data.plan_id === plan ? [data.step_index] : [],
      );
      expect(indexes).toEqual(steps);
    }
    expect(changes).toHaveLength(count + 1);
    expect(changes).toEqual(changesIn(first?.events ?? []));
  }
});

test('neither events nor subscribers leave anything in memory', async () => {
  const rush = async () => {
    await (await subscribe(30))[Symbol.asyncDispose]();
    await using subscribers = await subscribe(subscriberCount);
    const ids = await emit(burst);
    for (const subscriber of subscribers.all) {
      await subscriber.until('the last event', isEvent(ids.at(-1)));
    }
  };
  const held = () => heldBytes(supervisor.output());
  // The first ones fill what is kept on purpose: the ring, and the 10,000 ids to know events by.
  for (const _round of range(1, 8)) await emit(burst);
  for (const _round of range(1, 2)) await rush();
  const before = await held();
  for (const _round of range(1, 5)) await rush();
  await supervisor.until(
    'the subscribers to be forgotten',
    ({ events }) => events.subscribers.length === 1,
  );
  // 5,000 events or 175 subscribers would be 3 MB each; a compiler's or a log's leftovers are less.
  expect(await held()).toBeLessThan(before + 2 * 1024 * 1024);
});

test('a subscriber that comes back gets exactly what it missed, then what is new', async () => {
  const first = await SseClient.open(supervisor.eventsUrl);
  const [, seen = 0] = await emit(2);
  await first.until('the second event', isEvent(seen));
  first.close();
  const missed = await emit(7);

  for (const [url, headers] of [
    [supervisor.eventsUrl, { 'last-event-id': String(seen) }],
    [`${supervisor.eventsUrl}?last_event_id=${seen}`, {}],
  ] as const) {
    using back = await SseClient.open(url, { headers });
    await back.until('what it missed', isEvent(missed.at(-1)));
    expect(idsOf(back.events)).toEqual(range(seen + 1, missed.at(-1) ?? 0));
    const [next = 0] = await emit(1);
    missed.push(next);
    await back.until('the new event', isEvent(next));
    expect(idsOf(back.events)).toEqual(range(seen + 1, next));
  }
});

test('a subscriber whose last event nobody knows is told so first', async () => {
  const { lastId } = (await supervisor.snapshot()).events;
  const headers = { 'last-event-id': String(lastId + 1_000) };
  using back = await SseClient.open(supervisor.eventsUrl, { headers });
  const [next] = await emit(1);
  await back.until('the new event', isEvent(next));
  const [gap, ...others] = back.events;
  expect(gap?.type).toBe('gap');
  expect(JSON.parse(gap?.data ?? '')).toMatchObject({ reason: 'unknown' });
  expect(others.map(({ type }) => type)).not.toContain('gap');
});

test('the heartbeat tells at once that the supervisor lives', async () => {
  using heartbeat = await SseClient.open(`${supervisor.gatewayUrl}/supervisor/heartbeat`);
  // The next one would come after ten seconds.
  const { data } = await heartbeat.until('the first beat', () => true, 8_000);
  const beat: unknown = JSON.parse(data);
  expect(beat).toEqual({
    timestamp_ms: expect.any(Number),
    mcp_proxy_port: supervisor.ports.services['mcp_proxy'],
    pool_base_port: expect.any(Number),
    pool_instances: 2,
    mcp_healthy: true,
  });
});

test('W10 (9.6) when the dashboard is killed it comes back, and its events are heard again', async () => {
  const dashboardOf = async () => {
    const { services } = await supervisor.snapshot();
    return services.find(({ name }) => name === 'dashboard');
  };
  const killed = await dashboardOf();
  process.kill(killed?.pid ?? 0, 'SIGKILL');
  const { events: before } = await supervisor.until(
    'a new dashboard, heard and hearing',
    ({ services, events }) => {
      const service = services.find(({ name }) => name === 'dashboard');
      const source = events.sources.find(({ name }) => name === 'dashboard');
      return (
        service?.state === 'ready' &&
        service.pid !== killed?.pid &&
        source?.state === 'connected' &&
        source.url === `${service.url}api/events/stream` &&
        events.subscribers.length === 1
      );
    },
  );
  expect(await dashboardOf()).toMatchObject({ restarts: 1, lastExit: { signal: 'SIGKILL' } });

  // It repeats what it hears; that the supervisor knows the event shows that it listens again.
  await emit(1);
  const receivedBy = (sources: typeof before.sources) =>
    sources.find(({ name }) => name === 'dashboard')?.received ?? 0;
  await supervisor.until(
    'an event from the new dashboard',
    ({ events }) => receivedBy(events.sources) === receivedBy(before.sources) + 1,
  );
});

/** Publishes test events as fast as the control socket takes them; tells their ids. */
async function emit(count: number): Promise<number[]> {
  const replies = await Promise.all(
    range(1, count).map((number) =>
      supervisor.control<'EmitTestEvent'>({ type: 'EmitTestEvent', message: `event ${number}` }),
    ),
  );
  return replies.map(({ id }) => id);
}

function isEvent(id: number | undefined) {
  return ({ lastEventId, type }: { lastEventId: string; type: string }) =>
    type === 'message' && lastEventId === String(id);
}

async function subscribe(
  count: number,
): Promise<AsyncDisposable & { readonly all: readonly SseClient[] }> {
  const all = await Promise.all(range(1, count).map(() => SseClient.open(supervisor.eventsUrl)));
  return {
    all,
    [Symbol.asyncDispose]: async () => {
      for (const each of all) each.close();
      await Promise.all(all.map((each) => each.ended));
    },
  };
}
