/** What becomes of requests outside a session when their instance dies. */
import { expect, test } from 'vitest';
import { initializeMessage, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { eventsOf, notRepeated } from './failover.test-helper.ts';
import { open, send } from './http-client.test-helper.ts';
import { StatelessServers, stateless } from './stateless.test-helper.ts';
import { reply } from './upstream.test-helper.ts';

const repeatable = [
  ['a tool with readOnlyHint', 'tools/call', 'look'],
  ['resources/read', 'resources/read', 'file:///a'],
  ['server/discover', 'server/discover', null],
] as const;

const result = { jsonrpc: '2.0', id: 7, result: { resultType: 'complete' } };

test.each(repeatable)('W17 %s is asked again at another instance', async (_, method, name) => {
  await using rig = await startRig({ instances: 2 });
  const servers = new StatelessServers(rig, method);
  const call = stateless(method, name);
  const answer = send(rig.port, call);
  const first = await servers.until(1);
  await rig.service(first.instance).crash();
  const second = await servers.until(2);
  expect(second.instance).not.toBe(first.instance);
  expect(second.seen.body).toEqual(first.seen.body);
  expect(second.seen.headers['mcp-method']).toBe(method);
  reply(second.response, 200, result);
  expect(await answer).toMatchObject({ status: 200, text: JSON.stringify(result) });
  expect(rig.inFlight).toBe(0);
});

test('W17 a stateless call that may not be made twice is answered by an error that says so', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new StatelessServers(rig, 'tools/call');
  const answer = send(rig.port, stateless('tools/call', 'send'));
  const { instance } = await servers.until(1);
  await rig.service(instance).crash();
  const { status, text } = await answer;
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual(notRepeated);
  expect(servers.held).toHaveLength(1);
});

test('who asks what a server is, and gets no answer, is told so by the status', async () => {
  await using rig = await startRig({ failover: false });
  const servers = new StatelessServers(rig, 'server/discover');
  const answer = send(rig.port, stateless('server/discover'));
  await servers.until(1);
  await rig.service(1).crash();
  const { status, text } = await answer;
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({ error: { data: { code: 'instance_unavailable' } } });
});

test('W17 a stateless answer that broke off goes on in its stream', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new StatelessServers(rig, 'tools/call');
  const opening = open(rig.port, stateless('tools/call', 'look'));
  const first = await servers.until(1);
  first.response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"n":1}\n\n');
  const answer = await opening;
  await eventually(() => expect(answer.text).toContain('"n":1'));
  await rig.service(first.instance).crash();
  reply((await servers.until(2)).response, 200, result);
  await answer.ended;
  expect(answer.ending).toBe('complete');
  expect(eventsOf(answer.text).map(({ data }) => JSON.parse(data))).toEqual([{ n: 1 }, result]);
});

test('with failover off no request is made again', async () => {
  await using rig = await startRig({ instances: 2, failover: false });
  const servers = new StatelessServers(rig, 'resources/read');
  const answer = send(rig.port, stateless('resources/read', 'file:///a'));
  const { instance } = await servers.until(1);
  await rig.service(instance).crash();
  expect(JSON.parse((await answer).text)).toMatchObject({ error: { data: { retryable: false } } });
  expect(servers.held).toHaveLength(1);
});

test.each([
  ['of a known length', {}],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
])('W17 initialize %s whose instance dies is answered by another one', async (_, coding) => {
  await using rig = await startRig({ instances: 2 });
  let arrived = false;
  rig.upstream(1).answer = (request) => {
    request.resume();
    arrived = true;
  };
  const answer = rig.post(initializeMessage, coding);
  await eventually(() => expect(arrived).toBe(true));
  await rig.service(1).crash();
  const { status, headers } = await answer;
  expect(status).toBe(200);
  const id = String(headers['mcp-session-id']);
  expect(rig.homeNumber(id)).toBe(2);
  expect(rig.pool.sessions.size).toBe(1);
  expect(rig.pool.instances.map(({ opening }) => opening)).toEqual([0, 0]);
  expect((await rig.post({ id: 2, method: 'ping' }, { 'mcp-session-id': id })).status).toBe(200);
});

test('W17 initialize that breaks off within its stream is answered there, by another instance', async () => {
  await using rig = await startRig({ instances: 2 });
  rig.upstream(1).answer = (request, response) => {
    request.resume();
    const head = { 'content-type': 'text/event-stream', 'mcp-session-id': 'short-lived' };
    response.writeHead(200, head).write(': one moment\n\n');
  };
  const body = JSON.stringify({ jsonrpc: '2.0', ...initializeMessage });
  const answer = await open(rig.port, { method: 'POST', body });
  await eventually(() => expect(answer.text).toContain('moment'));
  await rig.service(1).crash();
  await answer.ended;
  expect(eventsOf(answer.text).map(({ data }) => JSON.parse(data))).toMatchObject([
    { id: 1, result: { server: 'up2' } },
  ]);
  const id = String(answer.response.headers['mcp-session-id']);
  await eventually(() => expect(rig.homeNumber(id)).toBe(2));
  expect(rig.pool.sessions.size).toBe(1);
});

/** The graceful end of the subscription with id 7 (MCP 2026-07-28 subscriptions). */
const complete = {
  jsonrpc: '2.0',
  id: 7,
  result: {
    resultType: 'complete',
    _meta: { 'io.modelcontextprotocol/subscriptionId': 7 },
  },
};

test.each(['dies', 'is replaced'])(
  'a subscription whose instance %s is told that it is complete, so that its client listens again',
  async (fate) => {
    await using rig = await startRig();
    const servers = new StatelessServers(rig, 'subscriptions/listen');
    const call = stateless('subscriptions/listen', null, { params: { notifications: {} } });
    const opening = open(rig.port, call);
    const { response } = await servers.until(1);
    const acknowledged = { jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged' };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${JSON.stringify(acknowledged)}\n\ndata: {"ha`);
    using stream = await opening;
    await eventually(() => expect(stream.text).toContain('{"ha'));
    // It is no work: nobody waits for its end before the instance is stopped.
    expect(rig.inFlight).toBe(0);
    if (fate === 'dies') await rig.service().crash();
    else await rig.pool.upgrade();
    await stream.ended;
    expect(stream.ending).toBe('complete');
    const events = eventsOf(stream.text).filter(({ type }) => type === 'message');
    expect(events.map(({ data }) => JSON.parse(data))).toEqual([acknowledged, complete]);
  },
);

test('a subscription ends when its instance is to be emptied, not only when that is done', async () => {
  await using rig = await startRig();
  const servers = new StatelessServers(rig, 'subscriptions/listen');
  const opening = open(rig.port, stateless('subscriptions/listen'));
  const { response } = await servers.until(1);
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  using stream = await opening;
  const waiting = new StatelessServers(rig, 'tools/call');
  const call = send(rig.port, stateless('tools/call', 'send'));
  const held = await waiting.until(1);
  const upgraded = rig.pool.upgrade();
  await stream.ended;
  expect(eventsOf(stream.text).map(({ data }) => JSON.parse(data))).toEqual([complete]);
  expect(rig.pool.instances).toHaveLength(2);
  reply(held.response, 200, result);
  expect((await call).status).toBe(200);
  await upgraded;
});

test('a client that leaves its subscription frees the instance at once', async () => {
  await using rig = await startRig();
  const servers = new StatelessServers(rig, 'subscriptions/listen');
  const opening = open(rig.port, stateless('subscriptions/listen'));
  const { response, seen } = await servers.until(1);
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  (await opening).hangUp();
  await eventually(() => expect(seen.aborted).toBe(true));
});
