/** Streams over real sockets: who is there, who does not read, who goes, and how. */
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { account, channelOf, nextTick, publish } from './channel.test-helper.ts';
import { soon } from './events.test-helper.ts';
import { peerAddress } from './peer-address.ts';
import { endpoint } from './sse-endpoint.test-helper.ts';

const origin = { timestamp: '', source: 's', source_id: 'x' };

test('W7 the registry and the log tell who is there, since when, and how it went', async () => {
  const { channel, log, subscribe } = await endpoint();
  const before = Date.now();
  const client = await subscribe({
    path: '/supervisor/events?label=My%20Editor&types=test',
    headers: { 'user-agent': 'raw/1.0', 'last-event-id': '0' },
  });
  publish(channel, 3);
  await soon(() => expect(client.ids).toEqual([1, 2, 3]));
  const [status] = channel.subscribers();
  expect(status).toEqual({
    id: 1,
    address: '127.0.0.1',
    userAgent: 'raw/1.0',
    label: 'My Editor',
    filter: 'types=test',
    lastId: 3,
    sent: 3,
    lagged: 0,
    backlog: 0,
    since: expect.any(String),
    bytes: expect.any(Number),
  });
  expect(Date.parse(status?.since ?? '')).toBeGreaterThanOrEqual(before);
  // All that the channel gave it; `retry:` came before.
  expect(status?.bytes).toBe(Buffer.byteLength(client.body) - 'retry: 2000\n\n'.length);

  client.socket.destroy();
  await soon(() => expect(log.lines).toHaveLength(2));
  const who = { address: '127.0.0.1', userAgent: 'raw/1.0', label: 'My Editor' };
  expect(log.lines).toMatchObject([
    { msg: 'event subscriber connected', level: 30, ...who, lastEventId: '0' },
    { msg: 'event subscriber disconnected', level: 30, ...who, seconds: 0, sent: 3, lagged: 0 },
  ]);
  expect(channel.subscribers()).toEqual([]);
});

test('what a stranger says of himself is cut to size', async () => {
  const { channel, subscribe } = await endpoint();
  const long = 'x'.repeat(1_000);
  await subscribe({ path: `/supervisor/events?label=${long}`, headers: { 'user-agent': long } });
  const [status] = channel.subscribers();
  expect([status?.label?.length, status?.userAgent?.length]).toEqual([100, 200]);
});

test('W7 an address behind a proxy is believed only when the proxy is trusted', async () => {
  const headers = { 'x-forwarded-for': '203.0.113.7' };
  for (const [trusted_proxies, address] of [
    [[], '127.0.0.1'],
    [['10.0.0.1'], '127.0.0.1'],
    [['127.0.0.1'], '203.0.113.7'],
  ] as const) {
    const { channel, subscribe } = await endpoint({ settings: { trusted_proxies } });
    await subscribe({ headers });
    expect(channel.subscribers()[0]?.address).toBe(address);
  }
});

test.each([
  ['9.9.9.9, 203.0.113.7', '203.0.113.7'],
  ['9.9.9.9, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
  ['203.0.113.7,10.0.0.2 , 127.0.0.1', '203.0.113.7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:db8::1', '2001:db8::1'],
  ['', '127.0.0.1'],
  [', ,', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
  ['x'.repeat(500), 'x'.repeat(60)],
])('W7 of X-Forwarded-For: %j the last one that is no trusted proxy counts', (header, expected) => {
  const trusted = ['127.0.0.1', '10.0.0.2'];
  const socket = { remoteAddress: '::ffff:127.0.0.1' } as Parameters<
    typeof peerAddress
  >[0]['socket'];
  expect(peerAddress({ headers: { 'x-forwarded-for': header }, socket }, trusted)).toBe(expected);
});

test('a client that ends its side, or is cut off, harms nobody while events flow', async () => {
  const { channel, subscribe } = await endpoint();
  const stays = await subscribe();
  for (let round = 0; round < 10; round += 1) {
    const [ends, cut, aborts] = [await subscribe(), await subscribe(), await subscribe()];
    publish(channel, 5);
    ends.socket.end();
    cut.socket.destroy();
    aborts.socket.resetAndDestroy();
    for (let more = 0; more < 10; more += 1) {
      publish(channel, 1);
      await nextTick();
    }
  }
  await soon(() => expect(channel.subscriberCount).toBe(1));
  await soon(() => expect(stays.ids.length).toBe(150));
  expect(account(stays.seen, 1)).toBe(151);
});

test('W6 a reader that stops costs the others nothing, and is told of its gap when it reads again', async () => {
  const channel = channelOf({ bufferSize: 256, replayBufferSize: 100 });
  const { served, subscribe } = await endpoint({ channel });
  const sockets: Socket[] = [];
  served.server.on('connection', (socket) => void sockets.push(socket));
  const [fast, stopped] = [await subscribe(), await subscribe()];
  stopped.socket.pause();
  // More than what the system keeps for two sockets, which may be 10 MB.
  const [rounds, perRound, bytes] = [60, 20, 24_000];
  const delays: number[] = [];
  let backlog = 0;
  let listeners = 0;
  for (let round = 1; round <= rounds; round += 1) {
    for (let more = 0; more < perRound; more += 1) {
      channel.publish({ event_type: 'test', message: 'x'.repeat(bytes) }, origin);
    }
    const since = performance.now();
    const last = `id: ${round * perRound}\n`;
    await soon(() => expect(fast.newest).toContain(last));
    delays.push(performance.now() - since);
    for (const status of channel.subscribers()) backlog = Math.max(backlog, status.backlog);
    for (const socket of sockets) listeners = Math.max(listeners, socket.listenerCount('drain'));
  }
  expect(channel.subscribers().map(({ lagged }) => lagged > 0)).toEqual([false, false]);
  // One batch beyond the 64 KiB at which it counts as behind.
  expect(backlog).toBeLessThan(64 * 1024 + 64 * 1024 + bytes + 1_000);
  // Node's own one, and one that waits for it to read.
  expect(listeners).toBeLessThanOrEqual(2);
  expect(Math.max(...delays)).toBeLessThan(1_000);
  expect(account(fast.seen, 1)).toBe(rounds * perRound + 1);

  stopped.socket.resume();
  const last = `id: ${rounds * perRound}\n`;
  await soon(() => expect(stopped.newest).toContain(last));
  publish(channel, 3);
  await soon(() => expect(stopped.newest).toContain(`id: ${rounds * perRound + 3}\n`));
  const { seen } = stopped;
  expect(account(seen, 1)).toBe(rounds * perRound + 4);
  const gaps = seen.flatMap((each) => ('gap' in each ? [each.gap] : []));
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.every(({ reason }) => reason === 'lagged')).toBe(true);
  const missed = gaps.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  const [, status] = channel.subscribers();
  expect(status).toMatchObject({ lagged: missed, backlog: 0 });
  expect(channel.totals.lagged).toBe(missed);
}, 20_000);

test('the naive reader of the old dashboard understands every frame it can get', async () => {
  const { channel, subscribe } = await endpoint();
  publish(channel, 300);
  const client = await subscribe({ headers: { 'last-event-id': '5' } });
  channel.publish({ event_type: 'raw', payload: { text: 'a\ndata: {"id":1}\n\nb' } }, origin);
  await soon(() => expect(client.ids.at(-1)).toBe(301));
  for (let tick = 0; tick < 5; tick += 1) channel.tick();
  channel.endAll();
  await client.ended();
  // It takes each line that begins with "data:" for itself, and knows no event names.
  const values = client.body
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => JSON.parse(line.slice(5)) as Record<string, unknown>);
  const events = values.filter((value) => 'data' in value);
  expect(events.map(({ id }) => id)).toEqual(client.ids);
  const others = values.filter((value) => !('data' in value));
  expect(others).toEqual([{ from: 6, to: 200, reason: 'expired' }, {}]);
  for (const value of others) {
    for (const field of ['id', 'type', 'event_type']) expect(value).not.toHaveProperty(field);
  }
});
