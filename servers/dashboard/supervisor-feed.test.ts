import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { EventBus } from './event-bus.ts';
import { startFakeSupervisor, stepChanged } from './fake-supervisor.ts';
import { SupervisorFeed } from './supervisor-feed.ts';

interface Changes {
  readonly token?: string;
  readonly reconnectMs?: readonly number[];
  readonly silenceMs?: number;
}

function follow(url: string, { token, reconnectMs = [10], silenceMs = 60_000 }: Changes = {}) {
  const bus = new EventBus();
  const heard: string[] = [];
  const log: string[] = [];
  bus.subscribe({
    event: ({ id }) => heard.push(id),
    resync: ({ from, to, reason }) => heard.push(`resync ${from}-${to} ${reason}`),
  });
  const feed = new SupervisorFeed({
    url,
    token: token ?? null,
    bus,
    reconnectMs,
    silenceMs,
    log: (line) => log.push(line),
  });
  onTestFinished(() => feed.stop());
  return { feed, heard, log };
}

const startOfStream = 'resync 0-0 unknown';

test('events of the supervisor reach the bus in order', async () => {
  await using supervisor = await startFakeSupervisor();
  const { feed, heard } = follow(supervisor.url);
  await vi.waitUntil(() => supervisor.streams.size === 1 && feed.connected, patience);
  for (const [index, name] of ['a', 'b', 'c'].entries())
    supervisor.emit(index + 1, stepChanged(name));
  await vi.waitUntil(() => heard.length === 4, patience);
  expect(heard).toEqual([startOfStream, 'a', 'b', 'c']);
});

test('the token goes along with every request where there is one, and in no address', async () => {
  await using supervisor = await startFakeSupervisor();
  follow(supervisor.url, { token: 'a secret of the supervisor' });
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  for (const stream of supervisor.streams) stream.end();
  await vi.waitUntil(() => supervisor.requests.length === 2, patience);
  const authorization = 'Bearer a secret of the supervisor';
  expect(supervisor.requests).toMatchObject([{ authorization }, { authorization }]);
  follow(supervisor.url);
  await vi.waitUntil(() => supervisor.requests.length === 3, patience);
  expect(supervisor.requests[2]).not.toHaveProperty('authorization');
});

test('CRLF, split characters and comments in the stream do no harm, and neither does a malformed event', async () => {
  await using supervisor = await startFakeSupervisor();
  const { heard, log } = follow(supervisor.url);
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  const json = JSON.stringify({ id: 5, data: stepChanged('evt_ü') });
  const bytes = Buffer.from(`: ping\r\n\r\ndata: nonsense\r\n\r\nid: 5\r\ndata: ${json}\r\n\r\n`);
  const cut = bytes.indexOf(Buffer.from('ü')) + 1;
  const [stream] = supervisor.streams;
  stream?.write(bytes.subarray(0, cut));
  await vi.waitUntil(() => log.some((line) => line.startsWith('Ignored')), patience);
  stream?.write(bytes.subarray(cut));
  await vi.waitUntil(() => heard.includes('evt_ü'), patience);
});

test('after the supervisor died, the feed resumes where it was and tells nothing twice', async () => {
  const first = await startFakeSupervisor();
  const { feed, heard } = follow(first.url);
  await vi.waitUntil(() => first.streams.size === 1, patience);
  first.emit(41, stepChanged('a'));
  await vi.waitUntil(() => heard.includes('a'), patience);
  await first.stop();
  await vi.waitUntil(() => !feed.connected, patience);
  await using second = await startFakeSupervisor(first.port);
  await vi.waitUntil(() => second.streams.size === 1, patience);
  expect(second.requests[0]?.['last-event-id']).toBe('41');
  second.emit(41, stepChanged('a'));
  second.emit(42, stepChanged('b'));
  await vi.waitUntil(() => heard.includes('b'), patience);
  expect(heard).toEqual([startOfStream, 'a', 'b']);
  expect(feed.connected).toBe(true);
});

test('a reconnect without a cursor says that events may be missing', async () => {
  await using supervisor = await startFakeSupervisor();
  const { heard } = follow(supervisor.url);
  await vi.waitUntil(() => heard.length === 1, patience);
  for (const stream of supervisor.streams) stream.destroy();
  await vi.waitUntil(() => heard.length === 2, patience);
  expect(supervisor.requests[1]).not.toHaveProperty('last-event-id');
  expect(heard).toEqual([startOfStream, startOfStream]);
});

test('a 503 is tried again until events flow', async () => {
  await using supervisor = await startFakeSupervisor();
  supervisor.status = 503;
  const { feed, log } = follow(supervisor.url);
  await vi.waitUntil(() => supervisor.requests.length >= 3, patience);
  expect(feed.connected).toBe(false);
  // The same complaint is made once.
  expect(log.filter((line) => line.includes('503'))).toHaveLength(1);
  supervisor.status = 200;
  await vi.waitUntil(() => feed.connected, patience);
});

test('each failure in a row waits longer', async () => {
  await using supervisor = await startFakeSupervisor();
  supervisor.status = 503;
  const startedAt = performance.now();
  follow(supervisor.url, { reconnectMs: [1, 50, 200] });
  await vi.waitUntil(() => supervisor.requests.length === 4, patience);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(250);
});

test('a good connection starts the waits anew', async () => {
  await using supervisor = await startFakeSupervisor();
  follow(supervisor.url, { reconnectMs: [1, 60_000] });
  for (let connection = 1; connection <= 4; connection += 1) {
    await vi.waitUntil(() => supervisor.requests.length === connection, patience);
    await vi.waitUntil(() => supervisor.streams.size === 1, patience);
    for (const stream of supervisor.streams) stream.destroy();
  }
});

test('a gap of the supervisor is handed on', async () => {
  await using supervisor = await startFakeSupervisor();
  const { heard } = follow(supervisor.url);
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  supervisor.gap({ from: 3, to: 9, reason: 'lagged' });
  supervisor.write('event: gap\ndata: unreadable\n\n');
  await vi.waitUntil(() => heard.length === 3, patience);
  expect(heard).toEqual([startOfStream, 'resync 3-9 lagged', 'resync 0-0 unknown']);
});

test('a supervisor that says it is shutting down is left and tried again', async () => {
  await using supervisor = await startFakeSupervisor();
  const { log } = follow(supervisor.url);
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  supervisor.write('event: shutdown\ndata: {}\n\n');
  await vi.waitUntil(() => supervisor.requests.length === 2, patience);
  expect(log.join('\n')).toContain('shutting down');
});

test('a connection that nothing is heard on is given up, also before it answered', async () => {
  let connections = 0;
  const mute = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    mute.close();
  });
  await once(mute, 'listening');
  const address = mute.address();
  const port = typeof address === 'object' ? address?.port : null;
  const { feed } = follow(`http://127.0.0.1:${port}/supervisor/events`, { silenceMs: 50 });
  await vi.waitUntil(() => connections >= 2, patience);
  feed.stop();
});

test('a stream with a heartbeat outlives the time that silence may last', async () => {
  await using supervisor = await startFakeSupervisor();
  follow(supervisor.url, { silenceMs: 250 });
  await vi.waitUntil(() => supervisor.streams.size === 1, patience);
  for (let beat = 0; beat < 10; beat += 1) {
    supervisor.write(': ping\n\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(supervisor.requests).toHaveLength(1);
  await vi.waitUntil(() => supervisor.requests.length === 2, patience);
});
