import { afterEach, expect, test, vi } from 'vitest';
import { until } from '../../test/until.ts';
import {
  allOf,
  commonBridge,
  type Json,
  messagesOf,
  openSession,
  post,
  type RunningBridge,
  startBridge,
  textOf,
} from './bridge.test-helper.ts';

vi.setConfig({ testTimeout: 60_000 });

const modern = { environment: { FIXTURE_MODERN: '1' } };
const common = commonBridge(modern);
const version = '2026-07-28';
const meta = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const subscriptionId = 'io.modelcontextprotocol/subscriptionId';

interface Asked {
  readonly id?: unknown;
  readonly meta?: Json;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

function send(bridge: RunningBridge, method: string, params: Json, asked: Asked = {}) {
  const name = params['name'] ?? params['uri'];
  const body = {
    jsonrpc: '2.0',
    id: asked.id ?? 1,
    method,
    params: { ...params, _meta: { ...meta, ...asked.meta } },
  };
  const headers = {
    'MCP-Protocol-Version': version,
    'Mcp-Method': method,
    ...(typeof name === 'string' && { 'Mcp-Name': name }),
    ...asked.headers,
  };
  return post(bridge, body, headers, asked.signal);
}

const call = (bridge: RunningBridge, name: string, args: Json = {}, asked: Asked = {}) =>
  send(bridge, 'tools/call', { name, arguments: args }, asked);

const callsOf = async (bridge: RunningBridge) => (await bridge.health()).stateless.calls;

afterEach(async () => {
  const bridge = common.bridge();
  await until(async () => (await callsOf(bridge)) === 0, { what: 'the end of what was asked' });
});

test('a server of the stateless era gets requests as they are, all in one process, probed once', async () => {
  await using bridge = await startBridge(modern);
  const [discovered] = await allOf(await send(bridge, 'server/discover', {}));
  expect(discovered).toMatchObject({ id: 1, result: { supportedVersions: [version] } });
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, index) =>
      textOf((await allOf(await call(bridge, 'echo', { token: `t${index}` })))[0]),
    ),
  );
  expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => `t${index}`));
  const [counts] = await allOf(await call(bridge, 'counts'));
  expect(JSON.parse(textOf(counts))).toMatchObject({ 'server/discover': 2 });
  expect((await bridge.health()).stateless.processes).toHaveLength(1);
});

test('progress of requests with the same id and token goes to each its own', async () => {
  const bridge = common.bridge();
  const progress = async (token: string) => {
    const asked = { meta: { progressToken: 7 } };
    const messages = await allOf(await call(bridge, 'progress', { steps: 3, token }, asked));
    return messages.map(({ params }) => params).slice(0, -1);
  };
  const tokens = Array.from({ length: 10 }, (_, index) => `t${index}`);
  expect(await Promise.all(tokens.map(progress))).toEqual(
    tokens.map((message) =>
      [1, 2, 3].map((step) => ({ progressToken: 7, progress: step, message })),
    ),
  );
});

test('closing the response stream is the cancellation', async () => {
  const bridge = common.bridge();
  const cancelled = async () => {
    const [counts] = await allOf(await call(bridge, 'counts'));
    return JSON.parse(textOf(counts)).cancelled as unknown[];
  };
  const before = await cancelled();
  const leaving = new AbortController();
  const held = call(bridge, 'hold', { key: 'k' }, { signal: leaving.signal }).catch(() => 'left');
  await until(async () => (await callsOf(bridge)) === 1, { what: 'the call' });
  leaving.abort();
  await held;
  await until(async () => (await callsOf(bridge)) === 0, { what: 'its cancellation' });
  expect(await cancelled()).toEqual([...before, expect.any(Number)]);
});

test('subscriptions stay open, each under the id of its client, until the client leaves', async () => {
  const bridge = common.bridge();
  const notifications = { resourceSubscriptions: ['a:/x'] };
  const leaving = new AbortController();
  const open = async (id: unknown, signal?: AbortSignal) => {
    const asked = { id, ...(signal && { signal }) };
    const stream = messagesOf(await send(bridge, 'subscriptions/listen', { notifications }, asked));
    expect((await stream.next()).value).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: { [subscriptionId]: id } },
    });
    return stream;
  };
  const [one, two] = [await open(1, leaving.signal), await open(1)];
  await call(bridge, 'touch', { uri: 'a:/x' });
  for (const stream of [one, two]) {
    expect((await stream.next()).value).toMatchObject({
      params: { uri: 'a:/x', _meta: { [subscriptionId]: 1 } },
    });
  }
  leaving.abort();
  await until(async () => (await callsOf(bridge)) === 1, { what: 'the end of the first' });
  await call(bridge, 'touch', { uri: 'a:/x' });
  expect((await two.next()).value).toMatchObject({ params: { uri: 'a:/x' } });
  await two.return(undefined);
});

test.each([
  ['the server ends it', (bridge: RunningBridge) => call(bridge, 'endListening')],
  ['the bridge stops', (bridge: RunningBridge) => bridge.stop()],
])('a subscription ends gracefully when %s', async (_why, end) => {
  await using bridge = await startBridge(modern);
  const stream = await send(bridge, 'subscriptions/listen', { notifications: {} }, { id: 'sub' });
  const messages = allOf(stream);
  await until(async () => (await callsOf(bridge)) === 1, { what: 'the subscription' });
  await end(bridge);
  expect((await messages).at(-1)).toEqual({
    jsonrpc: '2.0',
    id: 'sub',
    result: { resultType: 'complete', _meta: { [subscriptionId]: 'sub' } },
  });
});

test('headers that do not say what the body says are refused, encoded ones are read', async () => {
  const bridge = common.bridge();
  const refused = async (headers: Record<string, string>) => {
    const response = await call(bridge, 'echo', { token: 'x' }, { headers });
    const { error } = (await response.json()) as { error?: { code: number } };
    return [response.status, error?.code];
  };
  expect(await refused({ 'Mcp-Name': 'crash' })).toEqual([400, -32_020]);
  expect(await refused({ 'Mcp-Method': 'tools/list' })).toEqual([400, -32_020]);
  expect(await refused({ 'MCP-Protocol-Version': '2026-08-01' })).toEqual([400, -32_020]);
  const name = `=?base64?${Buffer.from('echo').toString('base64')}?=`;
  expect(await refused({ 'Mcp-Name': name })).toEqual([200, undefined]);
});

test('errors of the protocol have the status that the specification gives them', async () => {
  const bridge = common.bridge();
  const unknown = await send(bridge, 'no/such', {});
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ id: 1, error: { code: -32_601 } });
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} };
  const bare = await post(bridge, body, { 'MCP-Protocol-Version': version });
  expect([bare.status, await bare.json()]).toMatchObject([400, { error: { code: -32_602 } }]);
});

test('a session id on a stateless request is ignored, and none is minted', async () => {
  const bridge = common.bridge();
  const response = await call(
    bridge,
    'echo',
    { token: 'x' },
    { headers: { 'Mcp-Session-Id': 'x' } },
  );
  expect(response.status).toBe(200);
  expect(response.headers.get('mcp-session-id')).toBeNull();
});

test('a log line of a request that wants logs comes on its stream, of another nowhere', async () => {
  const bridge = common.bridge();
  const wants = { meta: { 'io.modelcontextprotocol/logLevel': 'info' } };
  expect(await allOf(await call(bridge, 'log', { token: 'x' }, wants))).toHaveLength(2);
  expect(await allOf(await call(bridge, 'log', { token: 'x' }))).toHaveLength(1);
});

test('a server that dies fails its requests, drops its subscriptions, and is there for the next', async () => {
  const bridge = common.bridge();
  const stream = await send(bridge, 'subscriptions/listen', { notifications: {} });
  const [crashed] = await allOf(await call(bridge, 'crash', { code: 4, token: 'oops' }));
  expect(JSON.stringify(crashed)).toMatch(/ended with code 4.*oops/);
  await expect(allOf(stream)).rejects.toThrow();
  expect(textOf((await allOf(await call(bridge, 'echo', { token: 'x' })))[0])).toBe('x');
});

test.each([
  ['per session', []],
  ['shared', ['--shared']],
])(
  'a server with sessions only refuses the stateless era as such a server does (%s)',
  async (_mode, options) => {
    await using bridge = await startBridge({ options });
    for (const name of ['echo', 'echo']) {
      const response = await call(bridge, name, { token: 'x' });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: -32_000 } });
    }
    expect((await bridge.health()).stateless.processes).toEqual([]);
    const session = await openSession(bridge);
    expect(await session.say('echo', { token: 'x' })).toBe('x');
  },
);

test('a server that never answers what it does not know counts as one with sessions', async () => {
  await using bridge = await startBridge({ environment: { FIXTURE_SILENT: '1' } });
  expect((await call(bridge, 'echo', { token: 'x' })).status).toBe(400);
});
