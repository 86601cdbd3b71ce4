/** A session outlives its instance: what the new one is told, and what becomes of calls meanwhile. */
import { expect, test } from 'vitest';
import { initializeMessage, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { headersOf, killHome, toolCall } from './failover.test-helper.ts';
import { send } from './http-client.test-helper.ts';
import { reply } from './upstream.test-helper.ts';

const ping = { id: 2, method: 'ping' };

test('W17 when an instance dies, its sessions go on at another one under the id that clients know', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const [first, before] = [rig.homeNumber(id), rig.upstreamId(id)];
  await killHome(rig, id);
  const answer = await rig.post(ping, headersOf(id));
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ id: 2, result: { server: `up${3 - first}` } });
  expect(rig.upstreamId(id)).not.toBe(before);
  expect(rig.pool.sessions.get(id)?.status()).toMatchObject({
    sessionId: id,
    instance: `mcp:${3 - first}`,
    moves: 1,
    inFlight: 0,
  });
});

test('the new instance is told all that the client said of the session, in order', async () => {
  await using rig = await startRig({ instances: 2 });
  const authorized = { authorization: 'Bearer mine', 'accept-encoding': 'gzip' };
  const id = await rig.initialize(authorized);
  const said = [
    { method: 'notifications/initialized' },
    { id: 3, method: 'logging/setLevel', params: { level: 'info' } },
    { id: 4, method: 'resources/subscribe', params: { uri: 'file:///a' } },
    { id: 5, method: 'resources/subscribe', params: { uri: 'file:///b' } },
    { id: 6, method: 'logging/setLevel', params: { level: 'debug' } },
    { id: 7, method: 'resources/unsubscribe', params: { uri: 'file:///a' } },
  ];
  const headers = headersOf(id, { 'mcp-protocol-version': '2025-11-25', ...authorized });
  for (const message of said) expect((await rig.post(message, headers)).status).toBeLessThan(300);
  const other = rig.upstream(3 - rig.homeNumber(id));
  expect(other.seen).toEqual([]);
  await killHome(rig, id);
  await rig.post(ping, headers);

  const [, , , subscribeB, setDebug] = said;
  expect(other.messages()).toEqual(
    [initializeMessage, said[0], setDebug, subscribeB, ping].map((each) => ({
      jsonrpc: '2.0',
      ...each,
    })),
  );
  const [opening, ...rest] = other.seen;
  expect(opening?.headers).toMatchObject({ authorization: 'Bearer mine' });
  expect(opening?.headers).not.toHaveProperty('mcp-session-id');
  for (const each of rest) {
    expect(each.headers).toMatchObject({
      authorization: 'Bearer mine',
      'mcp-protocol-version': '2025-11-25',
      'mcp-session-id': rig.upstreamId(id),
    });
  }
  // What it is told on the client's behalf is for us to read, not for the client.
  expect(opening?.headers).not.toHaveProperty('accept-encoding');
});

test('calls made while the only instance restarts wait for it, and succeed', async () => {
  await using rig = await startRig();
  const ids = await Promise.all([rig.initialize(), rig.initialize()]);
  await rig.service().crash();
  const reached = rig.upstream().seen.length;
  const calls = ids.flatMap((id) => [
    rig.post(ping, headersOf(id)),
    rig.post(toolCall('send'), headersOf(id)),
  ]);
  // The gateway has them when it answers what came later.
  await send(rig.port, { path: '/health' });
  expect(rig.upstream().seen).toHaveLength(reached);
  await rig.service().start();
  for (const answer of await Promise.all(calls)) {
    expect(JSON.parse(answer.text)).toMatchObject({ result: { server: 'up1' } });
  }
  expect(rig.pool.sessions.all().map(({ moves }) => moves)).toEqual([1, 1]);
});

test('W17 a call that waits too long gets the reason, and its session lives on', async () => {
  await using rig = await startRig({ gateway: { failoverWaitMs: 50 } });
  const id = await rig.initialize();
  await rig.service().crash();
  const late = await rig.post(ping, headersOf(id));
  expect(late.status).toBe(503);
  expect(JSON.parse(late.text)).toMatchObject({
    error: {
      code: -32000,
      message: expect.stringContaining('The session goes on; call again.'),
      data: { code: 'instance_unavailable' },
    },
  });
  await rig.service().start();
  await eventually(() => expect(rig.pool.sessions.get(id)?.home).not.toBeNull());
  expect((await rig.post(ping, headersOf(id))).status).toBe(200);
});

test('a session that its instance lost is opened there again, and its client notices nothing', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().sessions.clear();
  const answers = await Promise.all([
    rig.post(ping, headersOf(id)),
    rig.post(toolCall('send'), headersOf(id)),
    rig.post(toolCall('send'), headersOf(id)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(rig.pool.sessions.get(id)?.moves).toBe(1);
  expect([...rig.upstream().sessions]).toEqual([rig.upstreamId(id)]);
});

test('W17 an instance that never knows the session ends the tries with a reason', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().answerCall = (_message, response) => {
    reply(response, 404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'gone' } });
    return true;
  };
  const answer = await rig.post(toolCall('send'), headersOf(id));
  expect(JSON.parse(answer.text)).toMatchObject({
    id: 7,
    error: { code: -32000, data: { code: 'call_interrupted', retryable: true } },
  });
  const tries = rig
    .upstream()
    .messages()
    .filter(({ method }) => method === 'tools/call');
  expect(tries).toHaveLength(5);
  rig.upstream().answerCall = null;
  expect((await rig.post(ping, headersOf(id))).status).toBe(200);
});

test('an instance that refuses to take a session over is not left with halves of it', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  await rig.post({ method: 'notifications/initialized' }, headersOf(id));
  const other = rig.upstream(3 - rig.homeNumber(id));
  let refusals = 2;
  other.answerCall = ({ method }, response) => {
    if (method !== 'notifications/initialized' || refusals === 0) return false;
    refusals -= 1;
    reply(response, 500, {});
    return true;
  };
  await killHome(rig, id);
  expect((await rig.post(ping, headersOf(id))).status).toBe(200);
  expect(refusals).toBe(0);
  expect([...other.sessions]).toEqual([rig.upstreamId(id)]);
  expect(rig.log.filter(({ msg }) => msg === 'MCP session is not moved yet')).toMatchObject([
    { level: 40 },
    { level: 20 },
  ]);
});

test('an instance that ends while it takes a session over does not keep it', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  await rig.post({ method: 'notifications/initialized' }, headersOf(id));
  const dying = 3 - rig.homeNumber(id);
  rig.upstream(dying).answerCall = (_message, response) => {
    rig.service(dying).enter('stopping');
    response.writeHead(202).end();
    return true;
  };
  await killHome(rig, id);
  await eventually(() => expect(rig.service(dying).state).toBe('stopping'));
  const call = rig.post(ping, headersOf(id));
  await rig.service(3 - dying).start();
  expect((await call).status).toBe(200);
  expect(rig.homeNumber(id)).toBe(3 - dying);
});
