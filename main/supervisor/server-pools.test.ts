/** Several pools of real processes behind one gateway, with official clients. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connectClient } from '../../test/mcp-clients.ts';
import { patience } from '../../test/patience.ts';
import { send } from './gateway/http-client.test-helper.ts';
import { initializeMessage, Rig } from './gateway-rig.test-helper.ts';
import { makePoolRig, type PoolRig, type PoolRigOptions } from './pool-rig.test-helper.ts';

const tools = join(import.meta.dirname, '../../test/stand-in-tools-mcp.ts');

/** A pool of the server with tools, under its own name. */
async function toolsPool(name: string, options: PoolRigOptions = {}): Promise<PoolRig> {
  return await makePoolRig({
    name,
    minInstances: 1,
    launch: (_instance, port) => ({
      command: process.execPath,
      args: [tools, String(port), name],
      workingDir: undefined,
      env: {},
      port,
      url: null,
      readiness: { kind: 'http', url: `http://127.0.0.1:${port}/health`, pathMayBeMissing: true },
    }),
    ...options,
  });
}

/** A gateway before these pools. */
async function gatewayOf(...rigs: readonly PoolRig[]): Promise<Rig> {
  const pools = new Map(rigs.map(({ pool }) => [pool.name.toLowerCase(), pool]));
  const rig = new Rig({
    gateway: {
      pools,
      connections: {
        sessionStatuses: () => rigs.flatMap(({ pool }) => pool.sessionStatuses()),
        closeSession: async (id) => {
          const ended = await Promise.all(rigs.map(({ pool }) => pool.closeSession(id)));
          return ended.includes(true);
        },
      },
    },
  });
  await rig.gateway.listen(0);
  return rig;
}

function urlOf(rig: Rig, path: string): string {
  return `http://127.0.0.1:${rig.port}${path}`;
}

describe('two pools', () => {
  let main: PoolRig;
  let search: PoolRig;
  let gateway: Rig;

  beforeAll(async () => {
    main = await toolsPool('mcp');
    search = await toolsPool('Search', { minInstances: 2 });
    await Promise.all([main.pool.open(), search.pool.open()]);
    gateway = await gatewayOf(main, search);
  });

  afterAll(async () => {
    for (const rig of [gateway, search, main]) await rig?.[Symbol.asyncDispose]();
  });

  test('W12 two pools at once: each path leads to its own servers, /admin/connections sees and ends all sessions', async () => {
    await using one = await connectClient(urlOf(gateway, '/mcp'), 'one');
    await using two = await connectClient(urlOf(gateway, '/servers/search/mcp'), 'two');
    await using three = await connectClient(
      urlOf(gateway, '/servers/Search/mcp?x=1'),
      'three',
      'v2',
    );
    expect(await one.call('whoami', {})).toEqual({ name: 'mcp', pid: main.pids[0] });
    const [second, third] = [await two.call('whoami', {}), await three.call('whoami', {})];
    expect([second['name'], third['name']]).toEqual(['Search', 'Search']);
    expect(new Set([second['pid'], third['pid']])).toEqual(new Set(search.pids));

    const path = '/admin/connections';
    const listed = JSON.parse((await send(gateway.port, { path })).text);
    expect(listed).toHaveLength(3);
    for (const [client, server] of [
      [one, 'mcp'],
      [two, 'Search'],
      [three, 'Search'],
    ] as const) {
      expect(listed).toContainEqual(
        expect.objectContaining({
          sessionId: client.sessionId,
          type: 'streamable-http',
          clientType: client.name,
          server,
          connectedAt: expect.stringMatching(/^\d{4}-/),
          lastActivity: expect.stringMatching(/^\d{4}-/),
          agentType: null,
          planId: null,
        }),
      );
    }
    const one404 = await send(gateway.port, { method: 'DELETE', path: `${path}/nobody` });
    expect([one404.status, JSON.parse(one404.text)]).toEqual([
      404,
      { ok: false, code: 'session_not_found', error: 'Session not found: nobody' },
    ]);
    const ended = await send(gateway.port, { method: 'DELETE', path: `${path}/${two.sessionId}` });
    expect([ended.status, JSON.parse(ended.text)]).toEqual([
      200,
      { closed: true, sessionId: two.sessionId },
    ]);
    await expect(two.call('whoami', {})).rejects.toThrow(/Session not found/);
    expect(await three.call('whoami', {})).toEqual(third);
  });

  test("a session is unknown to another server's path, and a server that there is not is 404 in words", async () => {
    await using client = await connectClient(urlOf(gateway, '/mcp'), 'one');
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    const astray = await send(gateway.port, {
      method: 'POST',
      path: '/servers/search/mcp',
      headers: { ...headers, 'mcp-session-id': client.sessionId ?? '' },
      body: ping,
    });
    expect([astray.status, JSON.parse(astray.text).error.code]).toEqual([404, -32001]);
    const unknown = await send(gateway.port, {
      method: 'POST',
      path: '/servers/serch/mcp',
      body: ping,
    });
    expect([unknown.status, JSON.parse(unknown.text)]).toEqual([
      404,
      {
        ok: false,
        code: 'unknown_service',
        error: 'There is no MCP server at /servers/serch/mcp. Known: /mcp, /servers/search/mcp.',
      },
    ]);
  });
});

test('ten clients at once wake a pool that rests: one process, ten sessions', async () => {
  await using rested = await toolsPool('rested', { minInstances: 0 });
  await rested.pool.open();
  await using gateway = await gatewayOf(rested);
  const names = Array.from({ length: 10 }, (_, index) => `client-${index}`);
  const url = urlOf(gateway, '/servers/rested/mcp');
  const clients = await Promise.all(names.map((name) => connectClient(url, name)));
  const answers = await Promise.all(clients.map((client) => client.call('whoami', {})));
  expect(rested.pids).toHaveLength(1);
  for (const { pid } of answers) expect(pid).toBe(rested.pids[0]);
  expect(rested.pool.sessions.size).toBe(10);
  await Promise.all(clients.map((client) => client.close()));
});

test.runIf(process.platform === 'linux')(
  "W13 a server that leaks is recycled under its client's hands: no call fails, the session lives on",
  async () => {
    await using leaky = await toolsPool('leaky', {
      recycling: { maxMemoryMb: 300, maxAgeHours: 0, lookEveryMs: 50, pauseMs: 60_000 },
    });
    await leaky.pool.open();
    await using gateway = await gatewayOf(leaky);
    await using client = await connectClient(urlOf(gateway, '/servers/leaky/mcp'), 'agent');
    const { sessionId } = client;
    const { pid: before } = await client.call('whoami', {});
    await client.call('grow', { mb: 300 });
    // One call after another until another process answers.
    await vi.waitUntil(async () => (await client.call('whoami', {}))['pid'] !== before, patience);
    expect(client.sessionId).toBe(sessionId);
    await vi.waitFor(
      () => expect(leaky.pids).toEqual([expect.not.toSatisfy((pid) => pid === before)]),
      patience,
    );
    expect(leaky.pool.history.at(-1)?.reason).toMatch(/^leaky:2 replaces leaky:1: it uses \d+ MiB/);
  },
);

test('W13 above max_sessions a new session is refused with the key and a time, the others go on', async () => {
  await using small = await toolsPool('small', { maxSessions: 2 });
  await small.pool.open();
  await using gateway = await gatewayOf(small);
  const url = urlOf(gateway, '/servers/small/mcp');
  await using one = await connectClient(url, 'one');
  await using two = await connectClient(url, 'two');
  const refused = await send(gateway.port, {
    method: 'POST',
    path: '/servers/small/mcp',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', ...initializeMessage }),
  });
  expect(refused.status).toBe(503);
  expect(refused.headers['retry-after']).toMatch(/^\d+$/);
  expect(JSON.parse(refused.text)).toMatchObject({
    jsonrpc: '2.0',
    error: {
      message:
        'All 2 sessions are taken (server "small" max_sessions). End one, or try again later.',
      data: { code: 'too_many_sessions' },
    },
  });
  for (const client of [one, two])
    expect(await client.call('whoami', {})).toMatchObject({ name: 'small' });
  await small.pool.closeSession(one.sessionId ?? '');
  await using three = await connectClient(url, 'three');
  expect(await three.call('whoami', {})).toMatchObject({ name: 'small' });
});

test('a burst of first requests never opens more sessions than max_sessions', async () => {
  await using small = await toolsPool('small', { maxSessions: 3, minInstances: 0 });
  await small.pool.open();
  await using gateway = await gatewayOf(small);
  const url = urlOf(gateway, '/servers/small/mcp');
  const tries = Array.from({ length: 8 }, (_, index) => connectClient(url, `client-${index}`));
  const ended = await Promise.allSettled(tries);
  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(small.pool.sessions.size).toBe(3);
  for (const each of ended) if (each.status === 'fulfilled') await each.value.close();
});
