/** The GET stream of a session and the end of a session, when its instance dies. */
import { expect, test, vi } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { eventsOf, headersOf, killHome, openStream } from './failover.test-helper.ts';
import { send } from './http-client.test-helper.ts';

/** The server's end of the session's stream, as soon as it has one. */
async function sourceOf(rig: Rig, id: string) {
  return await vi.waitFor(
    () => {
      const source = rig.home(id).streams.get(rig.upstreamId(id));
      if (source === undefined) throw new Error('the stream is not there yet');
      return source;
    },
    { timeout: 5_000, interval: 5 },
  );
}

test('W17 the stream of a session stays open, and carries the messages of the new instance', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id, { 'Last-Event-ID': 'of-the-first' });
  (await sourceOf(rig, id)).write('data: {"from":1}\n\ndata: {"ha');
  await eventually(() => expect(stream.text).toContain('"ha'));
  await killHome(rig, id);
  (await sourceOf(rig, id)).write('data: {"from":2}\n\n');
  await eventually(() => expect(stream.text).toContain('"from":2'));
  expect(stream.ending).toBeNull();
  const messages = eventsOf(stream.text).filter(({ type }) => type === 'message');
  expect(messages.map(({ data }) => data)).toEqual(['{"from":1}', '{"from":2}']);
  const [opened] = rig.home(id).received('GET');
  expect(opened?.headers).not.toHaveProperty('last-event-id');
  expect(rig.pool.sessions.get(id)?.streams).toBe(1);
});

test('the stream outlives any number of instances, however long they are away', async () => {
  await using rig = await startRig({ gateway: { failoverWaitMs: 20 } });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  for (let round = 1; round <= 8; round += 1) {
    await sourceOf(rig, id);
    await rig.service().crash();
    // A call shows that the time a request waits has passed.
    expect((await rig.post({ id: 1, method: 'ping' }, headersOf(id))).status).toBe(503);
    await rig.service().start();
    await eventually(() => expect(rig.pool.sessions.get(id)?.moves).toBe(round));
    (await sourceOf(rig, id)).write(`data: ${round}\n\n`);
    await eventually(() => expect(stream.text).toContain(`data: ${round}\n`));
  }
  expect(stream.ending).toBeNull();
});

test('the stream of a session goes along when it leaves an instance that lives', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  const left = rig.home(id);
  await sourceOf(rig, id);
  rig.service(rig.homeNumber(id)).enter('stopping');
  await eventually(() => expect(rig.pool.sessions.get(id)?.moves).toBe(1));
  (await sourceOf(rig, id)).write('data: here\n\n');
  await eventually(() => expect(stream.text).toContain('data: here'));
  await eventually(() => expect(left.streams.size).toBe(0));
});

test('a client that leaves its stream during the move leaves nothing behind', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const stream = await openStream(rig, id);
  const session = rig.pool.sessions.get(id);
  await rig.service().crash();
  expect(session?.streams).toBe(1);
  stream.hangUp();
  await eventually(() => expect(session?.streams).toBe(0));
  await rig.service().start();
  await eventually(() => expect(session?.home).not.toBeNull());
  expect((await rig.post({ id: 1, method: 'ping' }, headersOf(id))).status).toBe(200);
  expect(rig.upstream().streams.size).toBe(0);
  expect(rig.upstream().received('GET')).toHaveLength(1);
  expect(rig.inFlight).toBe(0);
});

test('DELETE during the move ends the session, and no instance keeps it', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  await rig.service().crash();
  const waiting = rig.post({ id: 2, method: 'ping' }, headersOf(id));
  await eventually(() => expect(rig.pool.sessions.get(id)?.inFlight).toBe(1));
  const answer = await send(rig.port, { method: 'DELETE', headers: headersOf(id) });
  expect(answer.status).toBe(202);
  expect((await waiting).status).toBe(404);
  await stream.ended;
  expect(stream.ending).toBe('complete');
  expect(rig.pool.sessions.size).toBe(0);
  await rig.service().start();
  expect((await rig.post({ id: 2, method: 'ping' }, headersOf(id))).status).toBe(404);
  await eventually(() => expect(rig.pool.instances[0]?.opening).toBe(0));
  await eventually(() => expect(rig.upstream().sessions.size).toBe(0));
});

test('DELETE while the new instance is being told of the session ends it there, too', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  await rig.post({ method: 'notifications/initialized' }, headersOf(id));
  const other = rig.upstream(3 - rig.homeNumber(id));
  const told = Promise.withResolvers<() => void>();
  other.answerCall = (_message, response) => {
    told.resolve(() => response.writeHead(202).end());
    return true;
  };
  await killHome(rig, id);
  const goOn = await told.promise;
  expect(other.sessions.size).toBe(1);
  expect((await send(rig.port, { method: 'DELETE', headers: headersOf(id) })).status).toBe(202);
  goOn();
  await eventually(() => expect(other.sessions.size).toBe(0));
});

test('a client that ends its session while its stream is open gets the end of both', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  const answer = await send(rig.port, { method: 'DELETE', headers: headersOf(id) });
  expect(answer.status).toBe(200);
  await stream.ended;
  expect(stream.ending).toBe('complete');
  await eventually(() => expect(rig.upstream().streams.size).toBe(0));
});

test('a pool that stops ends all its sessions, those that move, too', async () => {
  await using rig = await startRig();
  const ids = [await rig.initialize(), await rig.initialize()];
  await rig.service().crash();
  const calls = ids.map((id) => rig.post({ id: 1, method: 'ping' }, headersOf(id)));
  await eventually(() => {
    expect(rig.pool.sessions.all().map(({ inFlight }) => inFlight)).toEqual([1, 1]);
  });
  await rig.pool.stop('by hand');
  for (const call of calls) expect((await call).status).toBe(404);
  expect(rig.pool.sessions.size).toBe(0);
});

test('W13 a session without traffic is ended here and at its instance', async () => {
  await using rig = await startRig({ sessionIdleMs: 100 });
  const id = await rig.initialize();
  const there = rig.upstreamId(id);
  await eventually(() => expect(rig.pool.sessions.size).toBe(0));
  await eventually(() => expect(rig.upstream().sessions.size).toBe(0));
  expect(rig.upstream().received('DELETE')).toMatchObject([
    { headers: { 'mcp-session-id': there } },
  ]);
  expect((await rig.post({ id: 1, method: 'ping' }, headersOf(id))).status).toBe(404);
});

test('W13 a session with a call under way or an open stream is never taken for idle', {
  timeout: 30_000,
}, async () => {
  // Long enough for a busy machine to bring the call and the stream under way first.
  await using rig = await startRig({ sessionIdleMs: 500 });
  const patience = { timeout: 10_000 };
  const [calling, streaming] = [await rig.initialize(), await rig.initialize()];
  rig.upstream().answerCall = () => true;
  const call = fetch(`http://127.0.0.1:${rig.port}/mcp`, {
    method: 'POST',
    headers: headersOf(calling),
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/call"}',
  });
  call.catch(() => {});
  using stream = await openStream(rig, streaming);
  await vi.waitFor(() => expect(rig.pool.sessions.get(calling)?.inFlight).toBe(1), patience);
  // One that is idle goes, and goes again: the others had their turn with it.
  for (let round = 0; round < 3; round += 1) {
    const idle = await rig.initialize();
    await vi.waitFor(() => expect(rig.pool.sessions.get(idle)).toBeUndefined(), patience);
  }
  expect(rig.pool.sessions.get(calling)).toBeDefined();
  expect(rig.pool.sessions.get(streaming)).toBeDefined();
  stream.hangUp();
  await vi.waitFor(() => expect(rig.pool.sessions.get(streaming)).toBeUndefined(), patience);
});
