/** Two instances behind one address: who goes where, and what the death of one means to the other. */
import { setTimeout as delay } from 'node:timers/promises';
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
    settings: {
      dashboard: { enabled: false },
      'mcp.pool': { min_instances: 2, max_instances: 2, base_port: 0 },
    },
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
      const connection = there.find((each) => each.clientType === name);
      expect(connection).toMatchObject({ callCount: callsOf.get(name) });
      // The id that the client knows is the gateway's.
      expect(connection?.sessionId).not.toBe(sessionId);
    }
  }
  await endSessions(clients);
});

test('when an instance is killed it comes back, and no session notices', async () => {
  const [lucky, unlucky] = await connectTwo('lucky', 'unlucky');
  const ports = await portsOf([lucky, unlucky]);
  const before = await instances();
  const victim = before.find(({ port }) => port === ports.get('unlucky'));
  const sessionsBefore = [lucky.sessionId, unlucky.sessionId];

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

  await callTimes(unlucky, 3);
  expect([lucky.sessionId, unlucky.sessionId]).toEqual(sessionsBefore);
  const there = await connectionsAt(ports.get('lucky') ?? 0);
  expect(there.find(({ clientType }) => clientType === 'lucky')).toMatchObject({
    callCount: calls,
  });
  expect(there.find(({ clientType }) => clientType === 'unlucky')).toMatchObject({ callCount: 3 });
  const identity = (all: typeof before) =>
    all
      .filter(({ name }) => name !== victim?.name)
      .map(({ name, pid, port }) => ({ name, pid, port }));
  const after = await instances();
  expect(identity(after)).toEqual(identity(before));
  expect(after.find(({ name }) => name === victim?.name)).toMatchObject({ connection_count: 0 });
  const sessionOfUnlucky = ({ sessionId }: { sessionId: string }) =>
    sessionId === unlucky.sessionId;
  expect((await supervisor.snapshot()).sessions.find(sessionOfUnlucky)).toMatchObject({ moves: 1 });
  await endSessions([lucky, unlucky]);
});

test('W17 every instance killed three times in a row breaks no session and no read', {
  timeout: 60_000,
}, async () => {
  const clients = await connectTwo('reader', 'another reader');
  const sessionsBefore = clients.map(({ sessionId }) => sessionId);
  let over = false;
  const counts = clients.map(() => 0);
  const reads = clients.map(async (client, index) => {
    while (!over) {
      const answer = await client.call('memory_read', { action: 'workspaces' });
      expect(answer).toHaveProperty('workspaces');
      counts[index] = (counts[index] ?? 0) + 1;
      // As fast as an agent may be, and no faster: the instances need the machine to come back.
      await delay(5);
    }
  });
  // A read that failed ends the test at once, not the process.
  const failed = Promise.all(reads);
  failed.catch(() => {});
  for (let round = 0; round < 3; round += 1) {
    const pids = (await instances()).map(({ pid }) => pid ?? 0);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await supervisor.until(
      'all instances to be back',
      ({ instances: all }) =>
        all.length === pids.length &&
        all.every(({ state, pid }) => state === 'ready' && !pids.includes(pid ?? 0)),
      20_000,
    );
  }
  // However slow the machine is: each has been read from while all this went on, and goes on.
  await until(() => counts.every((count) => count > 10), { what: 'ten reads of each client' });
  over = true;
  await failed;
  expect(clients.map(({ sessionId }) => sessionId)).toEqual(sessionsBefore);
  await endSessions(clients);
});

test('with failover off, the client of a dead instance is told to start anew', async () => {
  await using alone = await startSupervisor({
    settings: {
      dashboard: { enabled: false },
      'mcp.pool': { min_instances: 1, max_instances: 1, base_port: 0, failover: false },
    },
  });
  const client = await connectClient(alone.mcpUrl, 'unlucky');
  await client.call('memory_read', { action: 'workspaces' });
  const [{ pid } = { pid: 0 }] = (await alone.snapshot()).instances;
  process.kill(pid ?? 0, 'SIGKILL');
  await alone.until(
    'the instance to be back',
    ({ instances: all }) => all.every((each) => each.state === 'ready' && each.pid !== pid),
    20_000,
  );
  await expect(client.call('memory_read', { action: 'workspaces' })).rejects.toMatchObject({
    code: 404,
  });
  await client.close();
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
