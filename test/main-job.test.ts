/**
 * The main job, end to end: agents work through the gateway, and whoever listens sees each change at
 * once, exactly once, with the right ids (the owner's manual tests 7.4, 9.4 and 9.5).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { DataChangeEvent } from '../shared/events.ts';
import { type RunningSupervisor, startSupervisor } from './harness.ts';
import { type ClientKind, connectClient, makePlan, type Work } from './mcp-clients.ts';
import { SseClient, type SseEvent } from './sse-client.ts';
import { changesIn, idsOf, range, stamped } from './stamped.ts';
import { until } from './until.ts';

/** How soon after the tool's answer a change has to be seen: some 10 ms, but a busy machine has its own pace. */
const atOnceMs = 5_000;

interface McpEvent {
  readonly id: string;
  readonly type: string;
  readonly workspace_id?: string;
  readonly plan_id?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

let supervisor: RunningSupervisor;
let dashboardUrl: string;

beforeAll(async () => {
  supervisor = await startSupervisor();
  const { dashboardUrl: url } = await supervisor.until(
    'the dashboard to listen to the supervisor',
    ({ events }) => events.subscribers.length === 1,
  );
  dashboardUrl = url ?? '';
});

afterAll(() => supervisor?.[Symbol.asyncDispose]());

test('W10 (7.4, 9.4, 9.5) what three agents do at once is seen at once, once and with the right ids', async () => {
  using events = await SseClient.open(supervisor.eventsUrl);
  using dashboardEvents = await SseClient.open(`${dashboardUrl}api/events/stream`);
  await using dashboardSocket = await openSocket(`${dashboardUrl.replace('http', 'ws')}ws`);
  const before = (await supervisor.snapshot()).events;

  const kinds: readonly ClientKind[] = ['v1', 'v2', 'v2 stateless'];
  const works = await Promise.all(kinds.map((kind) => workAs(kind, events)));

  const { id: lastId } = await supervisor.control<'EmitTestEvent'>({
    type: 'EmitTestEvent',
    message: 'that was all',
  });
  await events.until('the last event', ({ lastEventId }) => lastEventId === String(lastId));
  const told = events.events.filter(({ lastEventId }) => Number(lastEventId) <= lastId);
  expect(idsOf(told)).toEqual(range(before.lastId + 1, lastId));
  expect(changesIn(told)).toHaveLength(4 * kinds.length + 1);
  for (const work of works) expect(changesOf(told, work)).toEqual(changesExpectedOf(work));

  // The dashboard tells the same on both its ways, under the names of the old system.
  const fromStream = () =>
    dashboardEvents.events.filter(({ type }) => type === 'mcp_event').map(mcpEvent);
  const fromSocket = () => dashboardSocket.events;
  for (const read of [fromStream, fromSocket]) {
    const isLast = ({ type }: McpEvent) => type === 'test';
    await until(() => read().some(isLast), { what: 'the last event', instead: read });
    const repeated = read().slice(0, read().findIndex(isLast) + 1);
    expect(repeated.map(({ id }) => id)).toEqual(told.map((event) => sourceIdOf(event)));
    for (const work of works) expect(mcpChangesOf(repeated, work)).toEqual(mcpChangesExpected);
  }

  // What the supervisor hears back from the dashboard are its own events: none enters twice (W3).
  const since = (now: typeof before) => ({
    published: now.published - before.published,
    recognised: now.deduplicated - before.deduplicated,
  });
  const { events: after } = await supervisor.until('the dashboard to repeat all', (now) => {
    const { published, recognised } = since(now.events);
    return published >= told.length && recognised === published;
  });
  expect(after).toMatchObject({ rejected: 0, lagged: 0 });
  expect(new Set(events.events.map(sourceIdOf)).size).toBe(events.events.length);
});

test('W9 the dashboard lives on the events of the supervisor alone', async () => {
  const health = await fetch(`${dashboardUrl}api/health`);
  expect(await health.json()).toMatchObject({
    status: 'ok',
    events: { mode: 'supervisor', connected: true },
  });
});

test('the sessions of the clients are seen while they are there, and no longer', async () => {
  const client = await connectClient(supervisor.mcpUrl, 'guest', 'v2');
  const isGuest = ({ client_type }: { client_type: string | null }) => client_type === 'guest';
  const connections = () =>
    supervisor.control<'ListMcpConnections'>({ type: 'ListMcpConnections' });
  expect((await connections()).filter(isGuest)).toMatchObject([
    { session_id: client.sessionId, transport_type: 'streamable-http' },
  ]);
  await supervisor.control<'CloseMcpConnection'>({
    type: 'CloseMcpConnection',
    session_id: client.sessionId ?? '',
  });
  expect((await connections()).filter(isGuest)).toEqual([]);
  await client.close();
});

/** One agent's work; after each step the change has to be there at once. */
async function workAs(kind: ClientKind, events: SseClient): Promise<Work> {
  await using client = await connectClient(supervisor.mcpUrl, `agent ${kind}`, kind);
  const work = await makePlan(client, `/work/${kind}`);
  const seen = async (type: string, planId: string | null) => {
    await events.until(
      `${type} of ${client.name}`,
      (event) => {
        const { data } = stamped(event);
        const place = 'plan_id' in data ? data.plan_id : null;
        const isOurs = 'workspace_id' in data && data.workspace_id === work.workspaceId;
        return data.event_type === type && isOurs && place === planId;
      },
      atOnceMs,
    );
  };
  await seen('workspace_changed', null);
  await seen('plan_created', work.planId);
  const plan = { plan_id: work.planId };
  await client.call('memory_plan', { action: 'update', ...plan, description: 'now in progress' });
  await seen('plan_updated', work.planId);
  const step = { step_index: 1, status: 'done' };
  await client.call('memory_steps', { action: 'update', ...plan, ...step });
  await seen('step_changed', work.planId);
  return work;
}

function changesExpectedOf({ workspaceId, planId }: Work): readonly object[] {
  const plan = { workspace_id: workspaceId, plan_id: planId };
  return [
    { event_type: 'workspace_changed', workspace_id: workspaceId },
    { event_type: 'plan_created', ...plan },
    { event_type: 'plan_updated', ...plan },
    { event_type: 'step_changed', ...plan, step_index: 1, new_status: 'done' },
  ];
}

const mcpChangesExpected = ['workspace_registered', 'plan_created', 'plan_updated', 'step_updated'];

/** The changes in a workspace, in their order, without where they came from. */
function changesOf(events: readonly SseEvent[], { workspaceId }: Work): readonly object[] {
  return changesIn(events)
    .map(({ data }) => data)
    .filter((data) => 'workspace_id' in data && data.workspace_id === workspaceId)
    .map(withoutOrigin);
}

function withoutOrigin(event: DataChangeEvent): object {
  const { timestamp, source, source_id, source_type: _type, ...change } = event;
  expect(new Date(timestamp).toISOString()).toBe(timestamp);
  expect(source).toMatch(/^webhook:mcp:/);
  expect(source_id).toMatch(/^evt_/);
  return change;
}

function mcpChangesOf(events: readonly McpEvent[], { workspaceId }: Work): readonly string[] {
  return events.filter(({ workspace_id }) => workspace_id === workspaceId).map(({ type }) => type);
}

function sourceIdOf(event: SseEvent): string {
  return stamped(event).data.source_id;
}

function mcpEvent({ data }: SseEvent): McpEvent {
  return JSON.parse(data) as McpEvent;
}

/** The page's own way to the dashboard's events. */
async function openSocket(
  url: string,
): Promise<AsyncDisposable & { readonly events: readonly McpEvent[] }> {
  const socket = new WebSocket(url);
  const events: McpEvent[] = [];
  socket.on('message', (text: Buffer) => {
    const message = JSON.parse(text.toString('utf8')) as { type: string; data: McpEvent };
    if (message.type === 'mcp_event') events.push(message.data);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return {
    events,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.close();
      await closed;
    },
  };
}
