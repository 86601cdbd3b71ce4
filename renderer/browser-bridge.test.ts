import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StampedEvent } from '../shared/events.ts';
import type { StatusSnapshot } from '../shared/status.ts';
import type { Connection, PageBridge } from './bridge.ts';
import { createBrowserBridge } from './browser-bridge.ts';
import { eventFixtures, snapshotFixture } from './fixtures/snapshot.ts';

/** An EventSource that says what the test lets it say. */
class FakeStream {
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>();
  readonly url: string;
  closed = false;

  constructor(url: string) {
    this.url = url;
    streams.push(this);
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  say(type: string, data: unknown): void {
    this.#listeners.get(type)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }
}

let streams: FakeStream[] = [];
let posts: { url: string; init: RequestInit }[] = [];
let answer: () => Promise<Response>;
let page: { hidden: boolean; addEventListener: (type: string, listener: () => void) => void };
let look: (hidden: boolean) => void;
const opened: unknown[][] = [];

beforeEach(() => {
  vi.useFakeTimers();
  streams = [];
  posts = [];
  answer = async () => Response.json({ ok: true, data: {} });
  const listeners: (() => void)[] = [];
  page = { hidden: false, addEventListener: (_type, listener) => void listeners.push(listener) };
  look = (hidden) => {
    page.hidden = hidden;
    for (const listener of listeners) listener();
  };
});

afterEach(() => vi.useRealTimers());

function createBridge(): PageBridge {
  return createBrowserBridge({
    document: page as Document,
    fetch: (url, init) => {
      posts.push({ url, init });
      return answer();
    },
    open: (...given) => opened.push(given),
    EventSource: FakeStream,
  });
}

/** A bridge somebody listens to, with all it has told. */
function listening() {
  const bridge = createBridge();
  const connections: Connection[] = [];
  const snapshots: StatusSnapshot[] = [];
  const events: StampedEvent[] = [];
  const stops = [
    bridge.listenConnection((connection) => connections.push(connection)),
    bridge.listen('snapshot', (snapshot) => snapshots.push(snapshot)),
    bridge.listen('events', (batch) => events.push(...batch)),
  ];
  const stop = () => {
    for (const each of stops) each();
  };
  return { bridge, connections, snapshots, events, stop };
}

function latestStream(): FakeStream {
  const stream = streams.at(-1);
  if (stream === undefined) throw new Error('no stream was opened');
  return stream;
}

/** The stream breaks; answers after how many milliseconds the next one was opened. */
async function breakAndMeasure(): Promise<number> {
  const before = streams.length;
  latestStream().say('error', null);
  await vi.advanceTimersByTimeAsync(0);
  const start = Date.now();
  while (streams.length === before) await vi.advanceTimersByTimeAsync(100);
  return Date.now() - start;
}

test('a request is posted to a relative address and answered with the reply envelope', async () => {
  answer = async () =>
    Response.json(
      { ok: false, error: 'No such service', code: 'unknown_service', data: null },
      { status: 404 },
    );
  const reply = await createBridge().call('control', { type: 'Restart', service: 'x' });
  expect(reply).toMatchObject({ ok: false, code: 'unknown_service' });
  expect(posts[0]?.url).toBe('control');
  expect(posts[0]?.init).toMatchObject({ method: 'POST', credentials: 'same-origin' });
  expect(posts[0]?.init.body).toBe('{"type":"Restart","service":"x"}');
});

test('a request that reaches nobody fails with words', async () => {
  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  const call = createBridge().call('control', { type: 'Restart', service: 'x' });
  await expect(call).rejects.toThrow('The supervisor cannot be reached.');
});

test('an answer that is no reply fails with its HTTP status', async () => {
  answer = async () => new Response('<h1>Bad gateway</h1>', { status: 502 });
  const call = createBridge().call('control', { type: 'Restart', service: 'x' });
  await expect(call).rejects.toThrow('HTTP 502');
});

test('all listeners share one stream, and a late one gets the latest snapshot at once', () => {
  const { bridge, snapshots, events, connections } = listening();
  expect(streams.map((stream) => stream.url)).toEqual(['control/watch']);
  latestStream().say('snapshot', snapshotFixture());
  latestStream().say('events', eventFixtures(2, 1));
  expect(snapshots).toHaveLength(1);
  expect(events.map((event) => event.id)).toEqual([1, 2]);
  expect(connections).toEqual(['connecting', 'live']);
  const late: StatusSnapshot[] = [];
  bridge.listen('snapshot', (snapshot) => late.push(snapshot));
  expect(late).toHaveLength(1);
  expect(streams).toHaveLength(1);
});

test('a lost connection is tried again after 1, 2, 4, 8, 10, 10 s, and after 1 s once it was good', async () => {
  const { connections } = listening();
  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  const delays: number[] = [];
  for (let round = 0; round < 6; round += 1) delays.push(await breakAndMeasure());
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect(streams.slice(0, -1).every((stream) => stream.closed)).toBe(true);
  latestStream().say('snapshot', snapshotFixture());
  expect(connections).toEqual(['connecting', 'lost', 'live']);
  expect(await breakAndMeasure()).toBe(1_000);
});

test('without a token nothing is tried again until somebody asks for it', async () => {
  const { bridge, connections } = listening();
  answer = async () => Response.json({ ok: false }, { status: 401 });
  latestStream().say('error', null);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(connections).toEqual(['connecting', 'unauthorized']);
  expect(streams).toHaveLength(1);
  bridge.reconnect();
  latestStream().say('snapshot', snapshotFixture());
  expect(connections.at(-1)).toBe('live');
});

test('a page hidden for a minute lets go of its stream and takes it up when seen again', async () => {
  listening();
  latestStream().say('snapshot', snapshotFixture());
  look(true);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(latestStream().closed).toBe(false);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(latestStream().closed).toBe(true);
  look(false);
  expect(streams).toHaveLength(2);
});

test('a page that was hidden for less keeps its stream', async () => {
  listening();
  look(true);
  await vi.advanceTimersByTimeAsync(30_000);
  look(false);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(streams).toHaveLength(1);
  expect(latestStream().closed).toBe(false);
});

test('after the last listener has gone the stream is closed and nothing is tried again', async () => {
  const { stop } = listening();
  answer = () => Promise.reject(new TypeError('Failed to fetch'));
  latestStream().say('error', null);
  await vi.advanceTimersByTimeAsync(0);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(streams).toHaveLength(1);
  expect(latestStream().closed).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test('only web addresses are opened, in a window that cannot reach back', async () => {
  const bridge = createBridge();
  await bridge.call('openExternal', 'http://127.0.0.1:3459/');
  expect(opened).toEqual([['http://127.0.0.1:3459/', '_blank', 'noopener']]);
  await expect(bridge.call('openExternal', 'file:///etc/passwd')).rejects.toThrow('file:');
});
