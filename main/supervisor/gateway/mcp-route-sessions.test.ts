import { expect, test } from 'vitest';
import { initializeMessage, type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { open, send } from './http-client.test-helper.ts';

const ping = { id: 2, method: 'ping' };

const inSession = (id: string) => ({ 'mcp-session-id': id });

/** What a client gets for a session that is no more, which makes it initialize again. */
const sessionGone = {
  jsonrpc: '2.0',
  id: null,
  error: {
    code: -32001,
    message: 'Session not found. Please initialize again.',
    data: { code: 'session_not_found' },
  },
};

function counts(rig: Rig): readonly number[] {
  return rig.pool.instances.map((each) => rig.pool.sessions.countOn(each));
}

test('W12 a burst of new sessions spreads over the instances at once', async () => {
  await using rig = await startRig({ instances: 2 });
  // Nobody is answered before all have been placed: the spread cannot follow from answers.
  const waiting: (() => void)[] = [];
  for (const { upstream } of rig.services) {
    upstream.answer = (request, response) => {
      request.resume().on('end', () => {
        waiting.push(() => {
          response.setHeader('mcp-session-id', `${upstream.name}-${upstream.seen.length}`);
          response.end('{}');
        });
      });
    };
  }
  const sessions = Array.from({ length: 20 }, () => rig.post(initializeMessage));
  await eventually(() => expect(waiting).toHaveLength(20));
  expect(rig.services.map(({ upstream }) => upstream.seen.length)).toEqual([10, 10]);
  for (const answer of waiting) answer();
  await Promise.all(sessions);
});

test('W11 every instance gets its share of the sessions and of their calls', async () => {
  await using rig = await startRig({ instances: 2 });
  const ids = await Promise.all(Array.from({ length: 20 }, () => rig.initialize()));
  expect(new Set(ids).size).toBe(20);
  expect(counts(rig)).toEqual([10, 10]);
  await Promise.all(ids.map((id) => rig.post(ping, inSession(id))));
  expect(rig.pool.instances.map((each) => each.calls)).toEqual([20, 20]);
});

test('the version tells the era: a session-based client may send Mcp-Method, too', async () => {
  await using rig = await startRig({ instances: 2 });
  const headers = { 'mcp-method': 'initialize', 'mcp-protocol-version': '2025-11-25' };
  const opened = await rig.post(initializeMessage, headers);
  const id = String(opened.headers['mcp-session-id']);
  const later = { ...inSession(id), 'mcp-method': 'ping', 'mcp-protocol-version': '2025-11-25' };
  const answer = await rig.post(ping, later);
  expect(answer.status).toBe(200);
  expect(rig.pool.sessions.get(id)?.calls).toBe(1);
});

test('every call of a session goes to the instance that opened it', async () => {
  await using rig = await startRig({ instances: 2 });
  const ids = [await rig.initialize(), await rig.initialize(), await rig.initialize()];
  for (const id of [...ids, ...ids]) {
    const answer = await rig.post({ id: 7, method: 'tools/call' }, inSession(id));
    expect(JSON.parse(answer.text)).toMatchObject({ result: { server: rig.home(id).name } });
  }
});

test('the stream and the end of a session go to its instance, and free its place', async () => {
  await using rig = await startRig({ instances: 2 });
  const ids = [await rig.initialize(), await rig.initialize()];
  for (const id of ids) {
    using stream = await open(rig.port, { headers: inSession(id) });
    expect(stream.status).toBe(200);
    expect([...rig.home(id).streams.keys()]).toEqual([rig.upstreamId(id)]);
  }
  for (const id of ids) {
    const [home, there] = [rig.home(id), rig.upstreamId(id)];
    expect(home.sessions.has(there)).toBe(true);
    const answer = await send(rig.port, { method: 'DELETE', headers: inSession(id) });
    expect(answer.status).toBe(200);
    expect(home.sessions.has(there)).toBe(false);
  }
  expect(counts(rig)).toEqual([0, 0]);
  expect(rig.pool.sessions.size).toBe(0);
});

test('a freed place is the next to be taken', async () => {
  await using rig = await startRig({ instances: 2 });
  const ids = await Promise.all(Array.from({ length: 4 }, () => rig.initialize()));
  for (const id of ids.filter((each) => rig.homeNumber(each) === 2)) {
    await send(rig.port, { method: 'DELETE', headers: inSession(id) });
  }
  expect(counts(rig)).toEqual([2, 0]);
  expect(rig.home(await rig.initialize()).name).toBe('up2');
  expect(rig.home(await rig.initialize()).name).toBe('up2');
});

test('a server that refuses DELETE keeps its session', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().answer = (_request, response) => response.writeHead(405).end();
  const answer = await send(rig.port, { method: 'DELETE', headers: inSession(id) });
  expect(answer.status).toBe(405);
  expect(rig.pool.sessions.get(id)).toBeDefined();
});

test('with failover off, a session that its instance no longer knows is forgotten, and its client is told so', async () => {
  await using rig = await startRig({ instances: 2, failover: false });
  const id = await rig.initialize();
  const home = rig.home(id);
  home.sessions.clear();
  expect((await rig.post(ping, inSession(id))).status).toBe(404);
  expect(counts(rig)).toEqual([0, 0]);
  const reached = home.seen.length;
  expect((await rig.post(ping, inSession(id))).status).toBe(404);
  expect(home.seen).toHaveLength(reached);
});

test.each(['GET', 'POST', 'DELETE'])(
  '%s with an unknown session id gets the 404',
  async (method) => {
    await using rig = await startRig();
    const answer = await send(rig.port, {
      method,
      headers: { ...inSession('never-heard-of'), 'content-type': 'application/json' },
      ...(method === 'POST' && { body: JSON.stringify({ jsonrpc: '2.0', ...ping }) }),
    });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.text)).toEqual(sessionGone);
    expect(rig.upstream().seen).toEqual([]);
  },
);

test('W12 initialize with a stale session id opens a new session, whose calls arrive', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize(inSession('from-before-the-restart'));
  expect(rig.home(id).seen[0]?.headers).not.toHaveProperty('mcp-session-id');
  expect(rig.pool.sessions.get(id)).toBeDefined();
  expect((await rig.post(ping, inSession(id))).status).toBe(200);
});

test('with failover off, the sessions of an instance that died are gone, those of the other live', async () => {
  await using rig = await startRig({ instances: 2, failover: false });
  const [one, two] = [await rig.initialize(), await rig.initialize()];
  await rig.service(1).restart('by hand');
  const gone = await rig.post(ping, inSession(one));
  expect(gone.status).toBe(404);
  expect(JSON.parse(gone.text)).toEqual(sessionGone);
  expect((await rig.post(ping, inSession(two))).status).toBe(200);
});

test('clients never get to know the id that their session has at its instance', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const there = rig.upstreamId(id);
  expect(id).not.toContain(there);
  rig.upstream().answer = (request, response) => {
    request.resume().on('end', () => {
      response.setHeader('Mcp-Session-Id', there);
      response.end('{}');
    });
  };
  for (const method of ['POST', 'GET', 'DELETE']) {
    const answer = await send(rig.port, { method, headers: inSession(id) });
    expect(answer.headers['mcp-session-id'], method).toBe(id);
    expect(rig.upstream().seen.at(-1)?.headers['mcp-session-id'], method).toBe(there);
    expect(JSON.stringify(answer), method).not.toContain(there);
  }
});

test('a session tells who uses it, how much, and what runs now', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const body = JSON.stringify({ jsonrpc: '2.0', ...ping });
  const answer = await rig.post(ping, inSession(id));
  await rig.post({ method: 'notifications/initialized' }, inSession(id));
  using _stream = await open(rig.port, { headers: inSession(id) });
  expect(rig.pool.sessions.get(id)?.status()).toMatchObject({
    sessionId: id,
    instance: 'mcp:1',
    clientName: 'test client',
    clientVersion: '1.2.3',
    protocolVersion: '2025-11-25',
    calls: 1,
    inFlight: 0,
    streams: 1,
    bytesIn:
      body.length + JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }).length,
    bytesOut: answer.text.length,
  });
});

test('with failover off, an answer to initialize that outlives its instance opens no session', async () => {
  await using rig = await startRig({ failover: false });
  rig.upstream().answer = (request, response) => {
    request.resume();
    rig.service().enter('starting');
    response.setHeader('mcp-session-id', 'up1-late');
    response.end('{}');
  };
  await rig.initialize();
  expect(rig.pool.sessions.size).toBe(0);
});

test('an initialize that the server refuses opens no session, and reaches the client as it is', async () => {
  await using rig = await startRig();
  rig.upstream().answer = (_request, response) => {
    response.writeHead(400, { 'content-type': 'application/json', 'mcp-session-id': 'no' });
    response.end('{"error":"unsupported protocol version"}');
  };
  const answer = await rig.post(initializeMessage);
  expect(answer).toMatchObject({ status: 400, text: '{"error":"unsupported protocol version"}' });
  expect(rig.pool.sessions.size).toBe(0);
  expect(rig.pool.instances[0]?.opening).toBe(0);
});
