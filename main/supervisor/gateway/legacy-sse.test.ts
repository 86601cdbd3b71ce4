import { randomUUID } from 'node:crypto';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import pino from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { initializeMessage, type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { Access } from './access.ts';
import { eventually } from './eventually.test-helper.ts';
import { type Answered, type OpenAnswer, open, send } from './http-client.test-helper.ts';
import type { Upstream } from './upstream.test-helper.ts';

interface Event {
  readonly type: string;
  readonly data: string;
}

/** An old client by hand: its stream, and the address where it posts. */
class OldClient {
  readonly stream: OpenAnswer;
  readonly #port: number;
  readonly #headers: Record<string, string>;

  static async connect(rig: Rig, headers: Record<string, string> = {}, path = '/sse') {
    const client = new OldClient(await open(rig.port, { path, headers }), rig.port, headers);
    onTestFinished(() => client.stream.hangUp());
    await eventually(() => expect(client.events()).toHaveLength(1));
    return client;
  }

  /** Connects, and initializes as clients do. */
  static async begin(rig: Rig, headers: Record<string, string> = {}): Promise<OldClient> {
    const client = await OldClient.connect(rig, headers);
    await client.post(initializeMessage);
    await client.answer(1);
    await client.post({ method: 'notifications/initialized' });
    return client;
  }

  private constructor(stream: OpenAnswer, port: number, headers: Record<string, string>) {
    this.stream = stream;
    this.#port = port;
    this.#headers = headers;
  }

  get address(): string {
    return this.events()[0]?.data ?? '';
  }

  events(): readonly Event[] {
    return this.stream.text
      .split('\n\n')
      .slice(0, -1)
      .filter((text) => !text.startsWith(':'))
      .map((text) => {
        const [, type = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(text) ?? [];
        return { type, data };
      });
  }

  messages(): readonly Record<string, unknown>[] {
    return this.events()
      .filter(({ type }) => type === 'message')
      .map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  }

  async answer(id: number): Promise<Record<string, unknown>> {
    return await vi.waitUntil(() => this.messages().find((each) => each['id'] === id), {
      timeout: 15_000,
    });
  }

  async post(message: object, headers: Record<string, string> = this.#headers): Promise<Answered> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const all = { 'content-type': 'application/json', ...headers };
    return await send(this.#port, { method: 'POST', path: this.address, headers: all, body });
  }
}

/** The one session that there is, as views show it. */
function sessionOf(rig: Rig) {
  const [session] = rig.pool.sessionStatuses();
  if (session === undefined) throw new Error('there is no session');
  return session;
}

function initialized(upstream: Upstream): boolean {
  return upstream.messages().some(({ method }) => method === 'notifications/initialized');
}

test('an old client is told where to post, and gets its answers in the stream', async () => {
  await using rig = await startRig();
  const client = await OldClient.connect(rig, { 'User-Agent': 'old/1', 'X-Workspace': '/home/me' });
  expect(client.stream.response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  expect(client.events()).toEqual([
    { type: 'endpoint', data: expect.stringMatching(/^\/messages\?sessionId=[0-9a-f-]{36}$/) },
  ]);
  const taken = await client.post(initializeMessage);
  expect([taken.status, taken.text]).toEqual([202, 'Accepted']);
  expect(await client.answer(1)).toMatchObject({ result: { server: 'up1' } });
  await client.post({ id: 2, method: 'tools/list' });
  expect(await client.answer(2)).toMatchObject({ result: { tools: expect.any(Array) } });
  expect(sessionOf(rig)).toMatchObject({ transport: 'sse', clientName: 'test client' });
  expect(client.address).not.toContain(sessionOf(rig).sessionId);
  const [first, second] = rig.upstream().received('POST');
  expect(first?.headers).toMatchObject({ 'user-agent': 'old/1', 'x-workspace': '/home/me' });
  expect(first?.headers).not.toHaveProperty('accept-encoding');
  expect(second?.headers['mcp-session-id']).toMatch(/^up1-/);
});

test('a message is acknowledged before it is answered, and calls do not wait for each other', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  const slow = Promise.withResolvers<void>();
  rig.upstream().answerCall = ({ id, method }, response) => {
    if (method !== 'slow') return false;
    void slow.promise.then(() => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        `: note\n\nid: 1\nevent: message\ndata: {"jsonrpc":"2.0","method":"progress"}\n\n`,
      );
      response.end(`data: {"jsonrpc":"2.0",\ndata: "id":${id},"result":{}}\n\n`);
    });
    return true;
  };
  expect((await client.post({ id: 2, method: 'slow' })).status).toBe(202);
  await client.post({ id: 3, method: 'quick' });
  await client.answer(3);
  expect(client.messages().some(({ id }) => id === 2)).toBe(false);
  slow.resolve();
  await client.answer(2);
  expect(client.messages().slice(-2)).toMatchObject([{ method: 'progress' }, { id: 2 }]);
});

test('nothing overtakes initialize or a notification, even when all are posted at once', async () => {
  const gate = Promise.withResolvers<void>();
  await using rig = await startRig({ idle: true, untilStarted: () => gate.promise });
  const starting = rig.pool.start();
  const client = await OldClient.connect(rig);
  const messages = [
    initializeMessage,
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/list' },
  ];
  for (const message of messages) await client.post(message);
  let isInitialized = false;
  const seen: string[] = [];
  rig.upstream().answerCall = ({ method }, response) => {
    seen.push(`${method} ${isInitialized ? 'after' : 'before'}`);
    if (method !== 'notifications/initialized') return false;
    setTimeout(() => {
      isInitialized = true;
      response.writeHead(202).end();
    }, 50);
    return true;
  };
  gate.resolve();
  await starting;
  await client.answer(2);
  expect(seen).toEqual(['notifications/initialized before', 'tools/list after']);
});

test('what the server says unasked arrives, and the client can answer it', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  const stream = await vi.waitUntil(() => [...rig.upstream().streams.values()][0], {
    timeout: 15_000,
  });
  stream.write('id: 1\ndata: {"jsonrpc":"2.0","id":77,"method":"roots/list"}\n\n');
  expect(await client.answer(77)).toMatchObject({ method: 'roots/list' });
  await client.post({ id: 77, result: { roots: [] } });
  await eventually(() => expect(rig.upstream().messages().at(-1)).toMatchObject({ id: 77 }));
});

test('the session ends with its stream, at the instance too', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  await eventually(() => expect(rig.upstream().streams.size).toBe(1));
  client.stream.hangUp();
  await eventually(() => expect(rig.upstream().received('DELETE')).toHaveLength(1));
  await eventually(() => expect(rig.pool.sessionStatuses()).toEqual([]));
  expect(rig.upstream().sessions.size).toBe(0);
  expect((await client.post({ id: 2, method: 'tools/list' })).status).toBe(404);
});

test('a client that leaves while its session is being opened leaves no session behind', async () => {
  await using rig = await startRig();
  const opening = Promise.withResolvers<void>();
  const { upstream } = rig.service();
  upstream.answer = (_request, response, seen) => {
    if (seen.method === 'DELETE') upstream.sessions.clear();
    upstream.sessions.add('late');
    void opening.promise.then(() => {
      response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 'late' });
      response.end('{"jsonrpc":"2.0","id":1,"result":{}}');
    });
  };
  const client = await OldClient.connect(rig);
  await client.post(initializeMessage);
  await eventually(() => expect(upstream.seen).toHaveLength(1));
  client.stream.hangUp();
  const isGone = async () => (await client.post({ id: 2, method: 'x' })).status === 404;
  await eventually(async () => expect(await isGone()).toBe(true));
  opening.resolve();
  await eventually(() => expect(upstream.received('DELETE')).toHaveLength(1));
  await eventually(() => expect(rig.pool.sessionStatuses()).toEqual([]));
});

test('a session that is ended from outside ends its stream: there is no other way to say it', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  await eventually(() => expect(initialized(rig.upstream())).toBe(true));
  await rig.pool.closeSession(sessionOf(rig).sessionId);
  await client.post({ id: 2, method: 'tools/list' });
  await client.stream.ended;
  expect(client.stream.ending).toBe('complete');
});

test('an instance that dies takes no old client with it', async () => {
  await using rig = await startRig({ instances: 2 });
  const client = await OldClient.begin(rig);
  await eventually(() => expect(sessionOf(rig).streams).toBe(1));
  const { sessionId } = sessionOf(rig);
  const before = rig.homeNumber(sessionId);
  await rig.service(before).crash();
  await client.post({ id: 2, method: 'tools/list' });
  await client.answer(2);
  expect(rig.homeNumber(sessionId)).not.toBe(before);
  expect(sessionOf(rig)).toMatchObject({ transport: 'sse', moves: 1 });
});

test('an error of the gateway becomes the answer to the request', async () => {
  await using rig = await startRig({ idle: true });
  rig.pool.place = () => Promise.reject(new Error('nobody is there'));
  const client = await OldClient.connect(rig);
  await client.post(initializeMessage);
  expect(await client.answer(1)).toMatchObject({ jsonrpc: '2.0', error: { code: -32_000 } });
});

test('an answer that breaks off is not waited for for ever', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  rig.upstream().answerCall = ({ method }, response) => {
    if (method !== 'strange') return false;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end('data: {"jsonrpc":"2.0","method":"progress"}\n\n');
    return true;
  };
  await client.post({ id: 2, method: 'strange' });
  expect(await client.answer(2)).toMatchObject({ error: { message: expect.any(String) } });
});

test('addresses and messages that are none are refused in words', async () => {
  await using rig = await startRig();
  const client = await OldClient.connect(rig);
  const post = async (path: string, body: string | Buffer) => {
    const answer = await send(rig.port, { method: 'POST', path, body });
    return [answer.status, (JSON.parse(answer.text) as { error: { code: number } }).error.code];
  };
  const good = JSON.stringify(initializeMessage);
  expect(await post('/messages', good)).toEqual([400, -32_000]);
  expect(await post('/messages?sessionId=', good)).toEqual([400, -32_000]);
  expect(await post(`/messages?sessionId=${randomUUID()}`, good)).toEqual([404, -32_001]);
  expect(await post(client.address, '{"a":')).toEqual([400, -32_700]);
  expect(await post(client.address, '7')).toEqual([400, -32_700]);
  const large = Buffer.alloc(16 * 1024 * 1024 + 1, ' ');
  expect(await post(client.address, large)).toEqual([413, -32_000]);
  for (const [method, path, allow] of [
    ['POST', '/sse', 'GET'],
    ['DELETE', '/sse', 'GET'],
    ['GET', '/messages', 'POST'],
  ] as const) {
    const answer = await send(rig.port, { method, path });
    expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
  }
  expect((await send(rig.port, { path: '/servers/none/sse' })).status).toBe(404);
  expect(rig.upstream().seen).toEqual([]);
});

test('a client that posts without end is told to wait', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  rig.upstream().answerCall = ({ method }) => method === 'never';
  const ids = Array.from({ length: 270 }, (_, index) => 10 + index);
  const answers = await Promise.all(ids.map((id) => client.post({ id, method: 'never' })));
  const statuses = Map.groupBy(answers, ({ status }) => status);
  expect(new Set(statuses.keys())).toEqual(new Set([202, 503]));
  expect(statuses.get(202)).toHaveLength(256);
});

test("nobody posts into somebody else's session", async () => {
  const clients = ['one', 'two'].map((name) => ({ name, token: `the-token-of-${name}-client` }));
  const logger = pino({ level: 'silent' });
  const keys = { apiKey: 'the-api-key-of-the-test', eventsToken: 'the-token-of-the-dashboard' };
  const access = new Access({ ...keys, clients, logger, now: () => 0 });
  await using rig = await startRig({ gateway: { access } });
  const headersOf = (name: string) => ({ authorization: `Bearer the-token-of-${name}-client` });
  const client = await OldClient.begin(rig, headersOf('one'));
  const call = { id: 2, method: 'tools/list' };
  expect((await client.post(call, headersOf('two'))).status).toBe(404);
  expect((await client.post(call, {})).status).toBe(401);
  expect((await client.post(call)).status).toBe(202);
  await client.answer(2);
  const text = JSON.stringify(rig.upstream().seen.map(({ rawHeaders }) => rawHeaders));
  expect(text).not.toMatch(/authorization|the-token-of/i);
});

test('closing the gateway ends the streams', async () => {
  await using rig = await startRig();
  const client = await OldClient.begin(rig);
  await rig.gateway.close();
  await client.stream.ended;
  expect(client.stream.ending).toBe('complete');
});

test('the official old client works', async () => {
  await using rig = await startRig();
  rig.upstream().answerCall = ({ id, method, params }, response) => {
    if (method !== 'tools/call') return false;
    const text = `${params?.name} was called`;
    const result = { content: [{ type: 'text', text }] };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    return true;
  };
  const upstream = rig.upstream();
  upstream.initializeResult = {
    protocolVersion: '2024-11-05',
    capabilities: { tools: {} },
    serverInfo: { name: 'fixture', version: '1' },
  };
  const client = new Client({ name: 'old', version: '1.0.0' });
  const transport = new SSEClientTransport(new URL(`http://127.0.0.1:${rig.port}/sse`));
  // SDK v1's types do not know exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  const answer = await client.callTool({ name: 'look', arguments: {} });
  expect(answer.content).toEqual([{ type: 'text', text: 'look was called' }]);
  const versions = upstream.received('POST').map(({ headers }) => headers['mcp-protocol-version']);
  expect(versions.at(-1)).toBe('2024-11-05');
  await client.close();
  await eventually(() => expect(rig.pool.sessionStatuses()).toEqual([]));
});
