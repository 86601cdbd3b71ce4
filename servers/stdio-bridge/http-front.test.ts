import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { until } from '../../test/until.ts';
import {
  commonBridge,
  initialize,
  post,
  type RunningBridge,
  startBridge,
} from './bridge.test-helper.ts';

vi.setConfig({ testTimeout: 60_000 });

const common = commonBridge();

/** fetch would not send a Host of one's own. */
function statusWith(bridge: RunningBridge, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL('/mcp', bridge.url), { method: 'POST', headers });
    request.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once('error', reject);
    request.end('{}');
  });
}

test('foreign Hosts and Origins are refused, local ones are not', async () => {
  const bridge = common.bridge();
  const json = { 'Content-Type': 'application/json', Accept: '*/*' };
  expect(await statusWith(bridge, { ...json, Host: 'evil.example' })).toBe(403);
  expect(await statusWith(bridge, { ...json, Origin: 'http://evil.example' })).toBe(403);
  expect(await statusWith(bridge, { ...json, Origin: 'null' })).toBe(403);
  expect(await statusWith(bridge, { ...json, Origin: 'http://localhost:5173' })).toBe(400);
});

test('health says what runs', async () => {
  await using bridge = await startBridge({ options: ['--shared'] });
  const response = await fetch(new URL('/health', bridge.url));
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    status: 'ok',
    mode: 'shared',
    activeSessions: 0,
    sessions: { processes: [] },
  });
});

test.each([
  ['no session id', 400, -32_000, {}, { jsonrpc: '2.0', id: 1, method: 'ping' }],
  [
    'an unknown session id',
    404,
    -32_001,
    { 'Mcp-Session-Id': 'nobody' },
    { jsonrpc: '2.0', id: 1, method: 'ping' },
  ],
  ['what is no JSON', 400, -32_700, {}, '{"jsonrpc"'],
  ['what is no JSON-RPC', 400, -32_600, {}, { hello: 'world' }],
  ['another content type', 415, -32_000, { 'Content-Type': 'text/plain' }, '{}'],
  ['an Accept that is too narrow', 406, -32_000, { Accept: 'application/json' }, '{}'],
])('%s is refused with a JSON-RPC error', async (_what, status, code, headers, body) => {
  const bridge = common.bridge();
  const response = await post(bridge, body, headers as Record<string, string>);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code } });
});

test('a stale session id on initialize opens a new session', async () => {
  const bridge = common.bridge();
  const response = await post(bridge, initialize(), { 'Mcp-Session-Id': 'stale' });
  expect(response.status).toBe(200);
  expect(response.headers.get('mcp-session-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('a version that no specification has is refused, those with sessions pass', async () => {
  const bridge = common.bridge();
  const { id } = await common.open();
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const statusOf = async (version: string) =>
    (await post(bridge, ping, { 'Mcp-Session-Id': id, 'MCP-Protocol-Version': version })).status;
  expect(await statusOf('1999-01-01')).toBe(400);
  expect(await statusOf('nonsense')).toBe(400);
  expect(await statusOf('2025-06-18')).toBe(200);
});

test('a body of more than 16 MiB is refused with 413 and a JSON-RPC error', async () => {
  const bridge = common.bridge();
  const { id } = await common.open();
  const body = (bytes: number) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { x: 'x'.repeat(bytes) } });
  const large = await post(bridge, body(15 * 1024 * 1024), { 'Mcp-Session-Id': id });
  expect(large.status).toBe(200);
  const response = await post(bridge, body(16 * 1024 * 1024), { 'Mcp-Session-Id': id });
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { code: -32_000 } });
});

test('other methods and paths are named for what they are', async () => {
  const bridge = common.bridge();
  expect((await fetch(new URL('/mcp', bridge.url), { method: 'PUT' })).status).toBe(405);
  expect((await fetch(new URL('/sse', bridge.url))).status).toBe(404);
});

test('a client that takes nothing of its stream holds its server up, and loses the stream in the end', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  const socket = connect(Number(bridge.url.port), '127.0.0.1');
  socket.pause();
  socket.write(
    `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session.id}\r\n\r\n`,
  );
  // Far more than sockets and the bridge hold: the answer can come only when the stream was cut.
  const flooded = session.call('flood', { messages: 64, bytes: 1024 * 1024 });
  let isAnswered = false;
  void flooded.then(() => {
    isAnswered = true;
  });
  const { pid } = bridge;
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  expect(isAnswered).toBe(false);
  expect(await flooded).toHaveLength(1);
  expect(await session.say('echo', { token: 'x' })).toBe('x');
  expect(pid).toBeGreaterThan(0);
  socket.destroy();
});
