/** Two instances behind one address: who goes where, and what the death of one means to the other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningSupervisor, startSupervisor } from './harness.ts';
import { connectClient, type McpClient, makePlan } from './mcp-clients.ts';
import { SseClient } from './sse-client.ts';
import { until } from './until.ts';

/** A session as the instance itself counts it. */
interface Connection {
  readonly sessionId: string;
  readonly callCount: number;
  readonly clientType: string;
}

let supervisor: RunningSupervisor;

beforeAll(async () => {
  supervisor = await startSupervisor({
    settings: { 'mcp.pool': { min_instances: 2, max_instances: 2, base_port: 0 } },
  });
});

afterAll(() => supervisor?.[Symbol.asyncDispose]());

test('sessions that come at once land on both instances, each call on its own one', async () => {
  const clients = await connectMany(['ann', 'ben', 'cem', 'dia']);
  const ports = await portsOf(clients);
  const [one = 0, two = 0] = new Set(ports.values());
  const countOn = (port: number) => [...ports.values()].filter((each) => each === port).length;
  expect([countOn(one), countOn(two)]).toEqual([2, 2]);

  // Different numbers of calls, all under way together, so that a call that went astray is seen.
  const callsOf = new Map(clients.map((client, index) => [client.name, 10 + index]));
  await Promise.all(clients.map((client) => callTimes(client, callsOf.get(client.name) ?? 0)));

  expect(await portsOf(clients)).toEqual(ports);
  for (const port of [one, two]) {
    const expected = clients.filter((client) => ports.get(client.name) === port);
    const there = await connectionsAt(port);
    expect(there).toHaveLength(expected.length);
    for (const { name, sessionId } of expected) {
      const connection = there.find((each) => each.sessionId === sessionId);
      expect(connection).toMatchObject({ clientType: name, callCount: callsOf.get(name) });
    }
  }
  await endSessions(clients);
});

test('when an instance is killed it comes back, and sessions of the other never notice', async () => {
  const [lucky, unlucky] = await connectTwo('lucky', 'unlucky');
  const ports = await portsOf([lucky, unlucky]);
  const before = await instances();
  const victim = before.find(({ port }) => port === ports.get('unlucky'));
  const sessionBefore = lucky.sessionId;

  process.kill(victim?.pid ?? 0, 'SIGKILL');
  // One call after another, until the other instance is back.
  let calls = 0;
  const isBack = async () => {
    await callTimes(lucky, 1);
    calls += 1;
    return (await instances()).some(
      ({ name, state, pid }) => name === victim?.name && state === 'ready' && pid !== victim.pid,
    );
  };
  await until(isBack, { what: 'the killed instance to be back' });

  expect(lucky.sessionId).toBe(sessionBefore);
  expect(await connectionsAt(ports.get('lucky') ?? 0)).toMatchObject([
    { sessionId: lucky.sessionId, callCount: calls },
  ]);
  const after = await instances();
  const survivor = ({ name }: { name: string }) => name !== victim?.name;
  expect(after.find(survivor)).toEqual(before.find(survivor));
  expect(after.find(({ name }) => name === victim?.name)).toMatchObject({ connection_count: 0 });

  await expect(unlucky.call('memory_workspace', { action: 'list' })).rejects.toMatchObject({
    code: 404,
  });
  await unlucky.close();
  await endSessions([lucky]);
});

test('a client that starts anew works on the restarted instance, and its events arrive', async () => {
  const [victim] = await instances();
  process.kill(victim?.pid ?? 0, 'SIGKILL');
  await supervisor.until(
    'the killed instance to be back',
    ({ instances: all }) =>
      all.every(({ state }) => state === 'ready') && all.every(({ pid }) => pid !== victim?.pid),
  );
  using events = await SseClient.open(supervisor.eventsUrl);
  const clients = await connectMany(['new one', 'new two']);
  const ports = await portsOf(clients);
  const there = (await instances()).find(({ name }) => name === victim?.name);
  const onRestarted = clients.find(({ name }) => ports.get(name) === there?.port);
  if (onRestarted === undefined) throw new Error('no session landed on the restarted instance');

  const { planId } = await makePlan(onRestarted, '/work/after the restart');
  const { data } = await events.until('its event', (event) => event.data.includes(planId));
  expect(JSON.parse(data)).toMatchObject({
    data: { event_type: 'plan_created', plan_id: planId, source: `webhook:${victim?.name}` },
  });
  await endSessions(clients);
});

test('an unknown session is told to start anew, in the words that clients understand', async () => {
  const response = await fetch(supervisor.mcpUrl, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': 'of an instance that died',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'tools/list' }),
  });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32001 } });
});

async function connectMany(names: readonly string[]): Promise<readonly McpClient[]> {
  return await Promise.all(names.map((name) => connectClient(supervisor.mcpUrl, name)));
}

async function connectTwo(one: string, two: string): Promise<readonly [McpClient, McpClient]> {
  return await Promise.all([
    connectClient(supervisor.mcpUrl, one, 'v2'),
    connectClient(supervisor.mcpUrl, two, 'v1'),
  ]);
}

async function callTimes(client: McpClient, times: number): Promise<void> {
  for (let call = 0; call < times; call += 1) {
    await client.call('memory_workspace', { action: 'list' });
  }
}

/** The port of each client's instance, as the supervisor says. */
async function portsOf(clients: readonly McpClient[]): Promise<ReadonlyMap<string, number>> {
  const connections = await supervisor.control<'ListMcpConnections'>({
    type: 'ListMcpConnections',
  });
  return new Map(
    clients.map(({ name, sessionId }) => {
      const connection = connections.find((each) => each.session_id === sessionId);
      return [name, connection?.instance_port ?? 0];
    }),
  );
}

async function instances() {
  return await supervisor.control<'ListMcpInstances'>({ type: 'ListMcpInstances' });
}

async function connectionsAt(port: number): Promise<readonly Connection[]> {
  const response = await fetch(`http://127.0.0.1:${port}/admin/connections`);
  return (await response.json()) as readonly Connection[];
}

/** Closing a client leaves its session open (MCP 2025-11-25: only DELETE ends one). */
async function endSessions(clients: readonly McpClient[]): Promise<void> {
  for (const client of clients) {
    await supervisor.control<'CloseMcpConnection'>({
      type: 'CloseMcpConnection',
      session_id: client.sessionId ?? '',
    });
    await client.close();
  }
}
