/** W5: a stream that ends, breaks, stalls or never was comes back, as soon as is decent, where it was. */
import type { ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { soon } from './events.test-helper.ts';
import {
  eventOf,
  frameOf,
  StreamRig,
  status,
  stream,
  streamThatEnds,
  timings,
} from './stream-rig.test-helper.ts';
import { StreamSource } from './stream-source.ts';

test('W5 after a reconnect it resumes from the last id it saw', async () => {
  const rig = await StreamRig.start(
    // The frame of 43 never ends.
    streamThatEnds(`id: 41\n${frameOf('evt_1')}id: 42\n${frameOf('evt_2')}id: 43\n`),
    streamThatEnds(frameOf('evt_3')),
    streamThatEnds(`id: ключ-日\n${frameOf('evt_4')}`),
    stream(),
  );
  rig.source();
  await soon(() => expect(rig.requests).toHaveLength(4));
  // The bytes are UTF-8; Node shows them as latin1.
  const cursors = rig.requests.map(({ headers: { 'last-event-id': id } }) =>
    id === undefined ? null : Buffer.from(String(id), 'latin1').toString('utf8'),
  );
  expect(cursors).toEqual([null, '42', '42', 'ключ-日']);
  expect(rig.published).toEqual(['evt_1', 'evt_2', 'evt_3', 'evt_4']);
});

test('W3 what comes again after a reconnect enters once', async () => {
  const frames = frameOf('evt_1') + frameOf('evt_2');
  const rig = await StreamRig.start(streamThatEnds(frames), stream(frames, frameOf('evt_3')));
  rig.source();
  await soon(() => expect(rig.published).toEqual(['evt_1', 'evt_2', 'evt_3']));
  expect(rig.ingest.deduplicated).toBe(2);
});

const refusals: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '503': status(503),
  '404': status(404),
  '204': status(204),
  '401': status(401),
  'another content type': (response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
  'no content type': status(200),
  'an end without an event': streamThatEnds(''),
  'a connection that breaks': (response) => response.destroy(),
  'a stream that breaks': (response) => {
    stream(`data: ${eventOf('evt_0').slice(0, 10)}`)(response);
    setImmediate(() => response.destroy());
  },
};

test.each(Object.keys(refusals))(
  'W5 it comes again after %s, and waits longer each time',
  async (name) => {
    const rig = await StreamRig.start(refusals[name] ?? stream());
    const source = rig.source();
    await soon(() => expect(rig.requests.length).toBeGreaterThanOrEqual(5));
    expect(rig.waits.slice(0, 4)).toEqual([10, 20, 40, 40]);
    rig.answers = [stream(frameOf('evt_1'))];
    await soon(() => expect(rig.published).toEqual(['evt_1']));
    expect(source.status()).toMatchObject({ state: 'connected', lastError: null });
  },
);

test('W5 usually it waits 1, 2, 4, 8, 16, then 30 s', async () => {
  const rig = await StreamRig.start(status(503));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const source = new StreamSource({
    name: 'dashboard',
    target: { url: () => rig.url },
    ingest: () => rig.ingest,
    logger: rig.log.logger,
  });
  onTestFinished(() => source.stop());
  source.start();
  for (const [index, seconds] of [1, 2, 4, 8, 16, 30, 30].entries()) {
    await whileTimersStandStill(() => source.status().state === 'waiting');
    expect(rig.waits[index]).toBe(seconds * 1_000);
    expect(source.status()).toMatchObject({
      lastError: 'Non-200 status code (503)',
      nextRetryAt: new Date(Date.now() + seconds * 1_000).toISOString(),
    });
    vi.advanceTimersByTime(seconds * 1_000 - 1);
    expect(source.status().state).toBe('waiting');
    vi.advanceTimersByTime(1);
    expect(source.status().state).toBe('connecting');
  }
});

async function whileTimersStandStill(check: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!check()) {
    if (performance.now() > deadline) throw new Error('waited in vain');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('W5 after a good connection the waits begin with the shortest again', async () => {
  let end = () => {};
  const lasting = (response: ServerResponse) => {
    stream()(response);
    end = () => void response.end();
  };
  const rig = await StreamRig.start(status(503), status(503), status(503), lasting, status(503));
  const source = rig.source();
  await soon(() => expect(source.status().state).toBe('connected'));
  // Counted from here: how long the head was under way is nobody's promise.
  await delay(timings.goodAfterMs + 30);
  end();
  await soon(() => expect(rig.waits.length).toBeGreaterThanOrEqual(5));
  expect(rig.waits.slice(0, 5)).toEqual([10, 20, 40, 10, 20]);
});

test('a connection that ends at once was not good', async () => {
  const rig = await StreamRig.start(status(503), status(503), streamThatEnds(''), status(503));
  rig.source();
  await soon(() => expect(rig.waits.length).toBeGreaterThanOrEqual(4));
  expect(rig.waits.slice(0, 4)).toEqual([10, 20, 40, 40]);
});

test('a program that is not there is tried again until it is', async () => {
  const rig = await StreamRig.start(stream(frameOf('evt_1')));
  await rig.stopListening();
  const source = rig.source();
  await soon(() => expect(rig.waits.length).toBeGreaterThanOrEqual(3));
  expect(source.status()).toMatchObject({ lastError: expect.stringContaining('ECONNREFUSED') });
  await rig.listen(rig.port);
  await soon(() => expect(rig.published).toEqual(['evt_1']));
});

const stallTimeoutMs = 100;
const stalling = { timings: { ...timings, stallTimeoutMs } };

test('W5 a stream that went silent counts as lost', async () => {
  const rig = await StreamRig.start(stream(': hello\n\n'), stream(frameOf('evt_1')));
  rig.source(stalling);
  await soon(() => expect(rig.published).toEqual(['evt_1']));
  expect(rig.log.saying('event source lost')[0]).toMatchObject({ reason: 'silent for 0.1 s' });
});

test('W5 a server that accepts and never answers counts as lost', async () => {
  const rig = await StreamRig.start(() => {}, stream(frameOf('evt_1')));
  rig.source(stalling);
  await soon(() => expect(rig.published).toEqual(['evt_1']));
});

test('comments are a sign of life', async () => {
  const rig = await StreamRig.start((response) => {
    stream()(response);
    const beat = setInterval(() => response.write(':\n\n'), 20);
    response.once('close', () => clearInterval(beat));
  });
  // Long beside the time between two comments, which a busy machine stretches.
  const source = rig.source({ timings: { ...timings, stallTimeoutMs: 10 * stallTimeoutMs } });
  await soon(() => expect(source.status().state).toBe('connected'));
  await delay(15 * stallTimeoutMs);
  expect(source.status().state).toBe('connected');
  expect(rig.requests).toHaveLength(1);
});

test('a server that speaks no HTTP is tried again', async () => {
  const tcp = createTcpServer((socket) => socket.end('HELLO\r\n\r\n')).listen(0, '127.0.0.1');
  onTestFinished(() => void tcp.close());
  await new Promise((resolve) => tcp.once('listening', resolve));
  const { port } = tcp.address() as AddressInfo;
  const rig = await StreamRig.start();
  rig.source({ target: { url: () => `http://127.0.0.1:${port}/` } });
  await soon(() => expect(rig.waits.length).toBeGreaterThanOrEqual(2));
});
