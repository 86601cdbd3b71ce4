import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { initializeMessage, type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { Access } from './access.ts';
import { open, raw, send } from './http-client.test-helper.ts';
import { reply, Upstream } from './upstream.test-helper.ts';

const apiKey = 'the-api-key-of-the-test';
const clientToken = 'the-token-of-a-client';
const eventsToken = 'the-token-of-our-dashboard';

function accessWith(now: () => number = () => 0): Access {
  const clients = [{ name: 'laptop', token: clientToken }];
  return new Access({ apiKey, clients, eventsToken, logger: pino({ level: 'silent' }), now });
}

async function startGuarded(instances = 1): Promise<Rig> {
  return await startRig({ instances, gateway: { access: accessWith() } });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Method, path, and whether a wrong token is answered in JSON-RPC. */
const doors = [
  ['POST', '/mcp', 'rpc'],
  ['GET', '/mcp', 'rpc'],
  ['DELETE', '/mcp', 'rpc'],
  ['OPTIONS', '/mcp', 'rpc'],
  ['POST', '/servers/search/mcp', 'rpc'],
  ['GET', '/servers/search/sse', 'rpc'],
  ['GET', '/sse', 'rpc'],
  ['POST', '/messages?sessionId=7', 'rpc'],
  ['POST', '/health', 'json'],
  ['GET', '/metrics', 'json'],
  ['GET', '/supervisor/heartbeat', 'json'],
  ['GET', '/supervisor/events', 'json'],
  ['GET', '/supervisor/events?access_token=the-api-key-of-the-test', 'json'],
  ['GET', '/admin/connections', 'json'],
  ['DELETE', '/admin/connections/7', 'json'],
  ['GET', '/admin/events/hook', 'json'],
  ['GET', '/dashboard/', 'json'],
  ['GET', '/api/fallback/x', 'json'],
  ['GET', '/anything', 'json'],
  ['GET', '/HEALTH/../anything', 'json'],
] as const;

const wrong = {
  none: {},
  'a wrong one': bearer('a-wrong-one-of-any-length'),
  'half of the right one': bearer(apiKey.slice(0, -1)),
  'another scheme': { authorization: `Basic ${apiKey}` },
  nothing: { authorization: 'Bearer ' },
  'a header of another name': { 'x-pm-api-key': apiKey },
};

test.each(doors)('%s %s asks for a token, and says which', async (method, path, kind) => {
  await using rig = await startGuarded();
  for (const [what, headers] of Object.entries(wrong)) {
    const answer = await send(rig.port, { method, path, headers });
    expect([answer.status, answer.headers['www-authenticate']], what).toEqual([
      401,
      'Bearer realm="project-memory-supervisor"',
    ]);
    const cure = expect.stringContaining('"Authorization: Bearer <token>"');
    expect(JSON.parse(answer.text)).toEqual(
      kind === 'json'
        ? { ok: false, error: cure, code: 'unauthorized' }
        : expect.objectContaining({
            error: { code: -32_000, message: cure, data: { code: 'unauthorized' } },
          }),
    );
  }
  expect(rig.upstream().seen).toEqual([]);
  for (const token of [apiKey, clientToken]) {
    // Some are streams that never end.
    using answer = await open(rig.port, { method, path, headers: bearer(token) });
    expect(answer.status, token).not.toBe(401);
  }
});

test('health and signed events need none', async () => {
  const webhook = vi.fn((_request: IncomingMessage, response) => reply(response, 200, {}));
  await using rig = await startRig({ gateway: { access: accessWith(), webhook } });
  for (const [method, path] of [
    ['GET', '/health'],
    ['HEAD', '/api/health'],
    ['POST', '/admin/events/hook?source=mcp%3A1'],
  ] as const) {
    const answer = await send(rig.port, {
      method,
      path,
      headers: bearer('wrong-wrong-wrong-wrong'),
    });
    expect(answer.status, path).toBe(200);
  }
  expect(webhook).toHaveBeenCalledOnce();
});

test("the dashboard's token opens the events and nothing else", async () => {
  const events = vi.fn((_request: IncomingMessage, response) => reply(response, 200, {}));
  await using rig = await startRig({ gateway: { access: accessWith(), events } });
  const headers = bearer(eventsToken);
  expect((await send(rig.port, { path: '/supervisor/events?types=a', headers })).status).toBe(200);
  for (const path of ['/mcp', '/supervisor/heartbeat', '/anything', '/supervisor/events/x']) {
    expect((await send(rig.port, { path, headers })).status, path).toBe(401);
  }
});

test('while nobody is asked, a token is the business of the server, and reaches it', async () => {
  await using rig = await startRig();
  await rig.initialize(bearer('a-token-for-the-server'));
  expect(rig.upstream().seen[0]?.headers).toMatchObject(bearer('a-token-for-the-server'));
});

test('no token of the gateway reaches a server, on any way there', async () => {
  const api = new Upstream('fallback');
  await using rig = await startRig({
    instances: 2,
    gateway: { access: accessWith(), fallbackOrigin: () => api.origin },
  });
  await api.listen();
  api.answer = (_request, response) => reply(response, 200, {});
  const headers = bearer(clientToken);
  const id = await rig.initialize(headers);
  const inSession = { ...headers, 'mcp-session-id': id };
  await rig.post({ method: 'notifications/initialized' }, inSession);
  await rig.post({ id: 2, method: 'tools/list' }, inSession);
  using stream = await open(rig.port, { headers: inSession });
  expect(stream.status).toBe(200);
  // A session that moves is opened again with the headers that were kept.
  await rig.service(rig.homeNumber(id)).crash();
  await rig.post({ id: 3, method: 'tools/list' }, inSession);
  const stateless = {
    ...headers,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/list',
  };
  await rig.post({ id: 4, method: 'tools/list' }, stateless);
  await send(rig.port, { path: '/api/fallback/x', headers });
  const twice = `GET /anything HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nauthorization: Bearer ${apiKey}\r\nAUTHORIZATION: Basic x\r\n\r\n`;
  using odd = await raw(rig.port, twice);
  await odd.closing;
  expect(odd.received).toMatch(/^HTTP\/1\.1 (?!401)/);

  const seen = [...rig.upstream(1).seen, ...rig.upstream(2).seen, ...api.seen];
  expect(seen.length).toBeGreaterThanOrEqual(7);
  for (const request of seen) {
    const text = request.rawHeaders.join('\n').toLowerCase();
    expect(text, `${request.method} ${request.url}`).not.toMatch(/authorization|bearer/);
  }
});

test('a session belongs to the principal that opened it', async () => {
  await using rig = await startGuarded();
  const id = await rig.initialize(bearer(clientToken));
  const call = (token: string) =>
    rig.post({ id: 2, method: 'tools/list' }, { ...bearer(token), 'mcp-session-id': id });
  expect((await call(clientToken)).status).toBe(200);
  const stolen = await call(apiKey);
  expect(stolen.status).toBe(404);
});

test('a WebSocket needs a token, which its server does not see', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((resolve) => server.once('listening', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await using rig = await startRig({
    gateway: {
      access: accessWith(),
      routes: [
        {
          path: '/live',
          origin: () => origin,
          refusal: () => ({ status: 503, body: {} }),
          websocket: true,
          stripPrefix: false,
        },
      ],
    },
  });
  const seen: IncomingMessage[] = [];
  server.on('connection', (_socket, request) => seen.push(request));
  const url = `ws://127.0.0.1:${rig.port}/live`;
  const refused = new WebSocket(url);
  refused.on('error', () => {});
  const status = await new Promise((resolve) => {
    refused.once('unexpected-response', (_request, response) => resolve(response.statusCode));
  });
  expect(status).toBe(401);
  const socket = new WebSocket(url, { headers: bearer(clientToken) });
  await new Promise((resolve) => socket.once('open', resolve));
  expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  socket.terminate();
  refused.terminate();
  server.close();
});

test('wrong tokens that come too often are told to stop, a right one still passes', async () => {
  let now = 0;
  await using rig = await startRig({ gateway: { access: accessWith(() => now) } });
  const tries = async (count: number, headers: Record<string, string>) => {
    const statuses: number[] = [];
    for (let index = 0; index < count; index += 1) {
      statuses.push((await rig.post(initializeMessage, headers)).status);
    }
    return statuses;
  };
  expect(await tries(10, bearer('wrong-wrong-wrong'))).toEqual(Array(10).fill(401));
  const stopped = await rig.post(initializeMessage, bearer('wrong-wrong-wrong'));
  expect([stopped.status, stopped.headers['retry-after']]).toEqual([429, '60']);
  expect(JSON.parse(stopped.text)).toMatchObject({ error: { data: { code: 'too_many_tries' } } });
  expect(await tries(1, bearer(clientToken))).toEqual([200]);
  // Who sends none does not guess.
  expect(await tries(1, {})).toEqual([401]);
  now = 60_000;
  expect(await tries(1, bearer('wrong-wrong-wrong'))).toEqual([401]);
});

test('the tries of very many peers do not fill the memory', () => {
  const access = accessWith();
  const request = (remoteAddress: string) =>
    ({
      method: 'GET',
      headers: bearer('wrong-wrong-wrong'),
      rawHeaders: [],
      socket: { remoteAddress },
    }) as unknown as IncomingMessage;
  const codeFor = (peer: string) => {
    try {
      access.check(request(peer), '/mcp');
      return 'passed';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  for (let count = 0; count < 11; count += 1) codeFor('first');
  expect(codeFor('first')).toBe('too_many_tries');
  for (let peer = 0; peer < 1_000; peer += 1) codeFor(`peer ${peer}`);
  expect(codeFor('first')).toBe('unauthorized');
});
