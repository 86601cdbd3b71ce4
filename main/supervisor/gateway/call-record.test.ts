/** What is told of a request when it is over: to its client, the log, the metrics, and in the session's facts. */
import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { Access } from './access.ts';
import { eventually } from './eventually.test-helper.ts';
import { HeldCalls, headersOf, killHome, openStream, toolCall } from './failover.test-helper.ts';
import { send } from './http-client.test-helper.ts';
import { stateless } from './stateless.test-helper.ts';
import { reply } from './upstream.test-helper.ts';

/** The lines of finished requests. */
function lines(rig: Rig): readonly Record<string, unknown>[] {
  return rig.log.filter(({ msg }) => msg === 'MCP request') as unknown as Record<string, unknown>[];
}

const ping = { id: 2, method: 'ping' };

test('a request id goes along to the instance and back, a new one where none or a bad one came', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const unknown = { 'mcp-session-id': 'unknown' };
  for (const headers of [
    headersOf(id),
    unknown,
    stateless('ping').headers as Record<string, string>,
  ]) {
    for (const [sent, kept] of [
      ['abc-123:4', true],
      ['with space', false],
      ['x'.repeat(129), false],
      [null, false],
    ] as const) {
      const given = sent === null ? {} : { 'x-request-id': sent };
      const seen = rig.upstream().seen.length;
      const answer = await rig.post(ping, { ...headers, ...given });
      const requestId = String(answer.headers['x-request-id']);
      if (kept) expect(requestId).toBe(sent);
      else expect(requestId).toMatch(/^[\da-f]{16}-\d+$/);
      expect(answer.rawHeaders.filter((name) => /^x-request-id$/i.test(name))).toHaveLength(1);
      if (headers === unknown) continue;
      expect(rig.upstream().seen[seen]?.headers['x-request-id']).toBe(requestId);
    }
  }
});

test('trace context passes untouched, and is not made up', async () => {
  await using rig = await startRig();
  const trace = {
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    tracestate: 'vendor=value',
    baggage: 'user=1',
  };
  const id = await rig.initialize();
  await rig.post(ping, { ...headersOf(id), ...trace });
  expect(rig.upstream().seen.at(-1)?.headers).toMatchObject(trace);
  await rig.post(ping, headersOf(id));
  for (const name of Object.keys(trace)) {
    expect(rig.upstream().seen.at(-1)?.headers).not.toHaveProperty(name);
  }
});

test('each request is one line of the log, which does not open the session', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const stream = await openStream(rig, id);
  await rig.post(toolCall('look'), { ...headersOf(id), 'x-request-id': 'r-1' });
  stream.hangUp();
  await eventually(() => expect(lines(rig)).toHaveLength(3));
  const session = hash('sha256', id, 'hex').slice(0, 8);
  expect(lines(rig)).toMatchObject([
    {
      method: 'POST',
      rpc: 'initialize',
      status: 200,
      outcome: 'ok',
      session,
      client: 'test client',
    },
    {
      level: 20,
      method: 'POST',
      rpc: 'tools/call',
      tool: 'look',
      status: 200,
      instance: 'mcp:1',
      session,
      request: 'r-1',
      client: 'test client',
      principal: null,
      bytesIn: 71,
      bytesOut: 50,
      ms: expect.any(Number),
    },
    { method: 'GET', outcome: 'ok', session },
  ]);
  expect(JSON.stringify(rig.log)).not.toContain(id);
});

test('what the gateway had to refuse is a line that is read without asking for more', async () => {
  await using rig = await startRig();
  await rig.post(ping, { 'mcp-session-id': 'unknown' });
  expect(lines(rig)).toMatchObject([{ level: 30, status: 404, outcome: 'failed', instance: null }]);
});

test('a session tells its calls by tool, its errors, and who its client is', async () => {
  await using rig = await startRig();
  const client = { 'user-agent': 'agent/1.0', 'x-client-pid': '4711', 'x-workspace-id': 'w-1' };
  const id = await rig.initialize(client);
  const answers = [
    { result: { content: [] } },
    { result: { isError: true, content: [] } },
    { error: { code: -32602, message: 'no' } },
    { result: { content: [{ type: 'text', text: '{"error": "isError":true' }], isError: false } },
  ];
  rig.upstream().answerCall = ({ id: call, method }, response) => {
    if (method !== 'tools/call') return false;
    reply(response, 200, { jsonrpc: '2.0', id: call, ...answers.shift() });
    return true;
  };
  for (const tool of ['look', 'look', 'send', 'send'])
    await rig.post(toolCall(tool), headersOf(id));
  expect(rig.pool.sessions.get(id)?.status()).toMatchObject({
    calls: 4,
    callsByTool: { look: 2, send: 2 },
    errors: 2,
    userAgent: 'agent/1.0',
    clientPid: 4711,
    workspace: 'w-1',
    principal: null,
    transport: 'streamable-http',
  });
});

test('however many tools a client makes up, a session tells fifty apart', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  for (let tool = 0; tool < 55; tool += 1) await rig.post(toolCall(`t${tool}`), headersOf(id));
  const { callsByTool } = rig.pool.sessions.get(id)?.status() ?? {};
  expect(Object.keys(callsByTool ?? {})).toHaveLength(51);
  expect(callsByTool).toMatchObject({ t0: 1, t49: 1, other: 5 });
});

test('a session is its opener’s alone: to others its id is as unknown as any', async () => {
  const clients = ['one', 'two'].map((name) => ({ name, token: `the-token-of-${name}` }));
  const keys = { apiKey: 'the-key-of-this-test', eventsToken: 'the-token-of-events' };
  const access = new Access({ ...keys, clients, logger: undefined as never, now: () => 0 });
  await using rig = await startRig({ gateway: { access } });
  const as = (name: string) => ({ authorization: `Bearer the-token-of-${name}` });
  const id = await rig.initialize(as('one'));
  expect(rig.pool.sessions.get(id)?.status().principal).toBe('one');
  const session = headersOf(id);
  const foreign = await rig.post(ping, { ...session, ...as('two') });
  const unknown = await rig.post(ping, { 'mcp-session-id': 'unknown', ...as('two') });
  expect([foreign.status, foreign.text]).toEqual([404, unknown.text]);
  for (const method of ['GET', 'DELETE']) {
    const answer = await send(rig.port, { method, headers: { ...session, ...as('two') } });
    expect(answer.status, method).toBe(404);
  }
  expect((await rig.post(ping, { ...session, ...as('one') })).status).toBe(200);
});

test('/metrics counts calls, errors, repeats, interruptions, failovers and bytes', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  for (const tool of ['look', 'send']) {
    const answer = rig.post(toolCall(tool), headersOf(id));
    const count = calls.held.length;
    await calls.until(count + 1);
    await killHome(rig, id);
    await rig.service(1).start();
    await rig.service(2).start();
    if (tool === 'look') {
      await calls.until(count + 2);
      calls.answer(count + 1, { isError: true });
    }
    await answer;
  }
  const { text } = await send(rig.port, { path: '/metrics' });
  const sample = (pattern: string) => expect(text).toMatch(new RegExp(`^${pattern}$`, 'm'));
  sample('mcp_requests_total\\{.*method="initialize",tool="",outcome="ok"\\} 1');
  sample('mcp_requests_total\\{.*method="tools/call",tool="look",outcome="error"\\} 1');
  sample('mcp_requests_total\\{.*method="tools/call",tool="send",outcome="failed"\\} 1');
  sample('mcp_request_seconds_count\\{.*tool="look"\\} 1');
  sample('mcp_repeated_calls_total 1');
  sample('mcp_interrupted_calls_total 1');
  sample('mcp_failovers_total\\{pool="mcp"\\} 2');
  sample('mcp_bytes_total\\{direction="in"\\} \\d{3}');
});
