/** Requests that are none of MCP, while the main pool rests (`min_instances = 0`). */
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { open, raw, send } from './http-client.test-helper.ts';
import { reply } from './upstream.test-helper.ts';

/** A gateway before a pool that rests; an instance starts when it is told to. */
async function restingRig(): Promise<{ rig: Rig; letStart: () => void; started: string[] }> {
  const gate = Promise.withResolvers<void>();
  const started: string[] = [];
  const rig = await startRig({
    instances: 0,
    maxInstances: 3,
    idle: true,
    untilStarted: (instance) => {
      started.push(instance);
      return gate.promise;
    },
  });
  await rig.pool.open();
  return { rig, letStart: gate.resolve, started };
}

function serveNotes(rig: Rig): void {
  rig.upstream().answer = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => reply(response, 200, { url: request.url, body }));
  };
}

test('requests to a pool that rests start one instance, whatever their number, and are answered by it', async () => {
  const { rig, letStart, started } = await restingRig();
  await using _rig = rig;
  const body = 'x'.repeat(100_000);
  const notes = [1, 2, 3].map((number) =>
    send(rig.port, { method: 'POST', path: `/notes/${number}`, body }),
  );
  const mcp = rig.initialize();
  await eventually(() => expect(started).toEqual(['mcp:1']));
  letStart();
  await mcp;
  // The server speaks MCP only, so far: it says that it has no session of that name.
  for (const answer of await Promise.all(notes)) expect(answer.status).toBe(400);
  serveNotes(rig);
  const answer = await send(rig.port, { method: 'POST', path: '/notes?n=4', body });
  expect(JSON.parse(answer.text)).toEqual({ url: '/notes?n=4', body });
  expect(started).toEqual(['mcp:1']);
});

test('a WebSocket starts one, too; on a path of health checks it does not', async () => {
  const { rig, letStart, started } = await restingRig();
  await using _rig = rig;
  const handshake = (path: string) =>
    [
      `GET ${path} HTTP/1.1`,
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==',
      '',
      '',
    ].join('\r\n');
  using check = await raw(rig.port, handshake('/healthz'));
  await eventually(() => expect(check.received).toMatch(/^HTTP\/1\.1 503 /));
  expect(started).toEqual([]);
  using live = await raw(rig.port, handshake('/live'));
  await eventually(() => expect(started).toEqual(['mcp:1']));
  letStart();
  // The instance knows no WebSockets; that it was asked is what matters.
  await eventually(() => expect(live.received).toMatch(/^HTTP\/1\.1 404 /));
  expect(rig.upstream().seen.map(({ url }) => url)).toEqual(['/live']);
});

test('no health check starts an instance, whatever its method', async () => {
  const { rig, letStart, started } = await restingRig();
  await using _rig = rig;
  letStart();
  for (const path of ['/health', '/api/health', '/health?x=1', '/healthz', '/health/live']) {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) await send(rig.port, { method, path });
  }
  expect(started).toEqual([]);
  expect(rig.pool.isResting).toBe(true);
  expect((await send(rig.port, { path: '/healthy' })).status).toBe(404);
  expect(started).toEqual(['mcp:1']);
});

test('a client that goes before the instance is there leaves it to the next one', async () => {
  const { rig, letStart, started } = await restingRig();
  await using _rig = rig;
  const leaver = connect(rig.port, '127.0.0.1');
  leaver.write('GET /notes HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await eventually(() => expect(started).toEqual(['mcp:1']));
  leaver.destroy();
  // A connection that comes later is answered later: the gateway knows then that the first one has gone.
  await send(rig.port, { path: '/health' });
  const answer = send(rig.port, { path: '/notes' });
  letStart();
  expect((await answer).status).toBe(404);
  expect(rig.upstream().seen).toHaveLength(1);
  expect(rig.pool.instances.map(({ visits }) => visits)).toEqual([0]);
});

test('what is being answered keeps its instance from resting; nobody waits for it in an upgrade', async () => {
  const { rig, letStart } = await restingRig();
  await using _rig = rig;
  letStart();
  await send(rig.port, { path: '/notes' });
  rig.upstream().answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  using stream = await open(rig.port, { path: '/changes' });
  const [instance] = rig.pool.instances;
  expect(instance).toMatchObject({ visits: 1, inFlight: 0 });
  await rig.pool.upgrade();
  await stream.ended;
  await eventually(() => expect(instance?.visits).toBe(0));
});

test('after a stop by hand such a request is refused at once, and starts nothing', async () => {
  const { rig, started } = await restingRig();
  await using _rig = rig;
  await rig.pool.stop('by hand');
  const { status, text } = await send(rig.port, { path: '/notes' });
  expect(status).toBe(503);
  expect(JSON.parse(text)).toMatchObject({
    code: 'instance_unavailable',
    error: expect.stringContaining('by hand'),
  });
  expect(started).toEqual([]);
});
