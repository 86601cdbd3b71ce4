import { expect, test, vi } from 'vitest';
import { eventTypes } from '../../../shared/events.ts';
import { publish } from './channel.test-helper.ts';
import { type RawClient, soon } from './events.test-helper.ts';
import { endpoint } from './sse-endpoint.test-helper.ts';

const origin = { timestamp: '2026-11-22T00:00:00.000Z', source: 's', source_id: 'x' };
const page = 'http://localhost:5173';
const allowing = { settings: { allowed_origins: [page] } };

const jsonOf = (client: RawClient) => JSON.parse(client.body) as { error: string; code: string };

test('the head is exactly what a stream of events has', async () => {
  const { subscribe } = await endpoint();
  const client = await subscribe();
  expect(client.head.split('\r\n')[0]).toBe('HTTP/1.1 200 OK');
  expect(Object.fromEntries(client.headers)).toEqual({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    connection: 'close',
    vary: 'Origin',
    date: expect.any(String),
  });
});

test('every byte of the stream is as WHATWG HTML §9.2 has it', async () => {
  const { channel, subscribe } = await endpoint();
  publish(channel, 60);
  const client = await subscribe({ headers: { 'last-event-id': '59' } });
  channel.publish({ event_type: 'test', message: 'ä\r\n\u2028\0"日本"' }, origin);
  await soon(() => expect(client.body).toContain('id: 61'));
  const old = JSON.stringify(channel.recent(2)[0]);
  expect(client.body).toBe(
    'retry: 2000\n\n' +
      `id: 60\ndata: ${old}\n\n` +
      'id: 61\ndata: {"id":61,"data":{"event_type":"test","message":"ä\\r\\n\u2028\\u0000\\"日本\\"",' +
      '"timestamp":"2026-11-22T00:00:00.000Z","source":"s","source_id":"x"}}\n\n',
  );
  for (let tick = 0; tick < 5; tick += 1) channel.tick();
  channel.endAll();
  await client.ended();
  expect(client.body.endsWith('\n\n: ping\n\nevent: shutdown\ndata: {}\n\n')).toBe(true);
});

test('a gap has the cursor in its id', async () => {
  const { channel, subscribe } = await endpoint();
  publish(channel, 200);
  const client = await subscribe({ headers: { 'last-event-id': '7' } });
  const gap = 'id: 100\nevent: gap\ndata: {"from":8,"to":100,"reason":"expired"}\n\n';
  await soon(() => expect(client.body.startsWith(`retry: 2000\n\n${gap}id: 101\n`)).toBe(true));
});

test('small events are sent at once, without Nagle’s delay', async () => {
  const { served, subscribe } = await endpoint();
  const calls: unknown[] = [];
  served.server.once('connection', (socket) => {
    const spy = vi.spyOn(socket, 'setNoDelay');
    socket.once('close', () => calls.push(...spy.mock.calls));
  });
  const client = await subscribe();
  client.socket.destroy();
  await soon(() => expect(calls).toContainEqual([true]));
});

test('HEAD is answered with the same head and nothing else', async () => {
  const { channel, send } = await endpoint();
  const client = await (await send({ method: 'HEAD' })).ended();
  expect(client.status).toBe(200);
  expect(client.headers.get('content-type')).toBe('text/event-stream');
  expect(client.body).toBe('');
  expect(channel.subscriberCount).toBe(0);
});

test('an HTTP/1.0 client gets a stream that it understands', async () => {
  const { channel, subscribe } = await endpoint();
  const client = await subscribe({ version: '1.0' });
  expect(client.headers.has('transfer-encoding')).toBe(false);
  publish(channel);
  await soon(() => expect(client.ids).toEqual([1]));
  channel.endAll();
  await client.ended();
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH'])(
  '%s is not allowed, and it says what is',
  async (method) => {
    const { send } = await endpoint();
    const client = await send({ method, headers: { connection: 'close', 'content-length': '0' } });
    await client.ended();
    expect(client.status).toBe(405);
    expect(client.headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  },
);

test.each([
  undefined,
  'text/event-stream',
  'TEXT/EVENT-STREAM',
  'text/html, text/event-stream;q=0.5',
  'text/*',
  '*/*',
  'application/json, */*;q=0.1',
])('Accept: %s is served', async (accept) => {
  const { subscribe } = await endpoint();
  const client = await subscribe(accept === undefined ? {} : { headers: { accept } });
  expect(client.status).toBe(200);
});

test.each(['application/json', 'text/html', 'image/*'])(
  'Accept: %s is answered with 406',
  async (accept) => {
    const { send } = await endpoint();
    const client = await (await send({ headers: { accept, connection: 'close' } })).ended();
    expect(client.status).toBe(406);
    expect(jsonOf(client)).toMatchObject({ ok: false, code: 'not_acceptable' });
  },
);

test('W7 while events are off it says so, in JSON', async () => {
  const { send } = await endpoint({ isOff: true });
  const client = await (await send({ headers: { connection: 'close' } })).ended();
  expect(client.status).toBe(503);
  expect(client.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(jsonOf(client)).toEqual({
    ok: false,
    code: 'events_disabled',
    error: 'Events are switched off: [events] enabled = false.',
  });
});

test.each(['GET', 'HEAD', 'OPTIONS'])(
  'pages of configured origins, and no others, may read the answer to %s',
  async (method) => {
    const { send } = await endpoint(allowing);
    const allowedFor = async (from: string | null) => {
      const client = await send({ method, headers: from === null ? {} : { origin: from } });
      await soon(() => expect(client.head).not.toBe(''));
      expect(client.headers.get('vary')).toBe('Origin');
      return client.headers.get('access-control-allow-origin') ?? null;
    };
    expect(await allowedFor(page)).toBe(page);
    const others = [
      'http://localhost:5174',
      'https://localhost:5173',
      'http://evil.example',
      'null',
      null,
    ];
    for (const other of others) expect(await allowedFor(other)).toBeNull();
  },
);

test('a page may read refusals too', async () => {
  const { send } = await endpoint({ ...allowing, isOff: true });
  const client = await (await send({ headers: { origin: page, connection: 'close' } })).ended();
  expect(client.status).toBe(503);
  expect(client.headers.get('access-control-allow-origin')).toBe(page);
});

test('a preflight is told that it may come with its cursor', async () => {
  const { send } = await endpoint(allowing);
  const client = await send({
    method: 'OPTIONS',
    headers: {
      origin: page,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'last-event-id',
      connection: 'close',
    },
  });
  await client.ended();
  expect(client.status).toBe(204);
  expect(client.headers.get('access-control-allow-methods')).toContain('GET');
  expect(client.headers.get('access-control-allow-headers')).toContain('Last-Event-ID');
});

test('an unknown type is refused with the known ones', async () => {
  const { channel, send } = await endpoint();
  const path = '/supervisor/events?types=plan_created,tea_time';
  const client = await (await send({ path, headers: { connection: 'close' } })).ended();
  expect(client.status).toBe(400);
  const { code, error } = jsonOf(client);
  expect(code).toBe('bad_request');
  expect(error).toContain('"tea_time"');
  for (const type of eventTypes) expect(error).toContain(type);
  expect(channel.subscriberCount).toBe(0);
});

test('filters choose, and ids stay those of everybody', async () => {
  const { channel, subscribe } = await endpoint();
  const by = (query: string) => subscribe({ path: `/supervisor/events?${query}` });
  const clients = await Promise.all(
    [
      'types=plan_created,test',
      'workspace_id=w',
      'plan_id=p2',
      'types=plan_created&workspace_id=w',
      'types=',
    ].map(by),
  );
  const plan = (workspace_id: string, plan_id: string) =>
    channel.publish({ event_type: 'plan_created', workspace_id, plan_id }, origin);
  plan('w', 'p1');
  plan('v', 'p2');
  channel.publish({ event_type: 'workspace_changed', workspace_id: 'w' }, origin);
  publish(channel);
  const expected = [[1, 2, 4], [1, 3], [2], [1], [1, 2, 3, 4]];
  await soon(() => expect(clients.map(({ ids }) => ids)).toEqual(expected));
  expect(channel.subscribers().map(({ filter, lastId }) => [filter, lastId])).toEqual([
    ['types=plan_created,test', 4],
    ['workspace_id=w', 4],
    ['plan_id=p2', 4],
    ['types=plan_created workspace_id=w', 4],
    [null, 4],
  ]);
});

test('one that asked for some events comes back without hole or duplicate', async () => {
  const { channel, subscribe } = await endpoint();
  const path = '/supervisor/events?workspace_id=w';
  const change = () =>
    channel.publish({ event_type: 'workspace_changed', workspace_id: 'w' }, origin);
  const first = await subscribe({ path });
  publish(channel, 5);
  change();
  await soon(() => expect(first.ids).toEqual([6]));
  first.socket.destroy();
  publish(channel, 5);
  change();
  const back = await subscribe({ path, headers: { 'last-event-id': '6' } });
  publish(channel, 5);
  change();
  await soon(() => expect(back.seen).toEqual([{ id: 12 }, { id: 18 }]));
});

test('the cursor may come in the query, as browsers’ first connection needs it; the header counts more', async () => {
  const { channel, subscribe } = await endpoint();
  publish(channel, 10);
  const path = '/supervisor/events?last_event_id=8';
  const [query, both] = [
    await subscribe({ path }),
    await subscribe({ path, headers: { 'Last-Event-ID': '9' } }),
  ];
  await soon(() => expect([query.ids, both.ids]).toEqual([[9, 10], [10]]));
});

test('beyond max_subscribers one is told when to come again', async () => {
  const { channel, send, subscribe } = await endpoint({ settings: { max_subscribers: 2 } });
  const first = await subscribe();
  await subscribe();
  const refused = await (await send({ headers: { connection: 'close' } })).ended();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(jsonOf(refused)).toMatchObject({ code: 'too_many_subscribers' });
  first.socket.destroy();
  await soon(() => expect(channel.subscriberCount).toBe(1));
  await subscribe();
});
