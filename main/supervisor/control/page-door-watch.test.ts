/** `GET /control/watch`: the state at once, then what changes, to any number of pages. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { StampedEvent } from '../../../shared/events.ts';
import { noon, snapshotFixture } from '../../../shared/status.test-helper.ts';
import type { StatusSnapshot } from '../../../shared/status.ts';
import { createCommands } from './commands.ts';
import { FakeTarget, tokenCheck } from './control.test-helper.ts';
import { createDispatcher } from './dispatcher.ts';
import { PageDoor } from './page-door.ts';

const token = 'the-right-token-of-this-test';

/** Listeners as the supervisor's broadcast keeps them, without its waiting. */
class News {
  current = snapshotFixture();
  readonly snapshotListeners = new Set<(snapshot: StatusSnapshot) => void>();
  readonly eventListeners = new Set<(events: readonly StampedEvent[]) => void>();

  onSnapshot = (listener: (snapshot: StatusSnapshot) => void) => {
    this.snapshotListeners.add(listener);
    listener(this.current);
    return () => this.snapshotListeners.delete(listener);
  };

  onEvents = (listener: (events: readonly StampedEvent[]) => void) => {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  };

  change(given: Partial<StatusSnapshot>): void {
    this.current = snapshotFixture(given);
    for (const listener of this.snapshotListeners) listener(this.current);
  }

  happen(...events: StampedEvent[]): void {
    for (const listener of this.eventListeners) listener(events);
  }
}

interface Frame {
  readonly event: string;
  readonly data: unknown;
}

/** A page that watches, and reads only when asked to. */
class Watcher {
  readonly response: IncomingMessage;
  bytes = 0;
  #text = '';

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8');
    response.on('error', () => {});
  }

  read(): this {
    this.response.on('data', (text: string) => {
      this.bytes += text.length;
      this.#text += text;
    });
    return this;
  }

  get frames(): readonly Frame[] {
    const blocks = this.#text.split('\n\n').slice(0, -1);
    return blocks.flatMap((block) => {
      const [, event, data] = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(block) ?? [];
      return event === undefined ? [] : [{ event, data: JSON.parse(data ?? '') as unknown }];
    });
  }
}

let folder: string;
let news: News;
let door: PageDoor;
let watchers: Watcher[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-watch-'));
  news = new News();
  watchers = [];
  door = new PageDoor({
    dispatch: createDispatcher(createCommands(new FakeTarget())),
    token,
    tokens: tokenCheck(token),
    pageFolder: folder,
    onSnapshot: news.onSnapshot,
    onEvents: news.onEvents,
    terminal: null,
  });
  await door.listen(0, '127.0.0.1');
});

afterEach(async () => {
  for (const { response } of watchers) response.destroy();
  await door.close();
  await rm(folder, { recursive: true, force: true });
});

async function watch(method = 'GET'): Promise<Watcher> {
  const headers = { authorization: `Bearer ${token}` };
  const outgoing = request(new URL('control/watch', door.url ?? ''), {
    method,
    headers,
    agent: false,
  });
  outgoing.on('error', () => {});
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const watcher = new Watcher(response);
  watchers.push(watcher);
  return watcher;
}

function eventFixture(id: number): StampedEvent {
  const origin = { timestamp: noon, source: 'control', source_id: `pms_${id}` };
  return { id, data: { event_type: 'test', message: 'hello', ...origin } };
}

test('the state comes at once, then every change and the events, to each watcher', async () => {
  const pages = [(await watch()).read(), (await watch()).read()];
  for (const { response } of pages) {
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(response.headers['cache-control']).toMatch(/no-cache/);
  }
  news.change({ pid: 2 });
  news.happen(eventFixture(1), eventFixture(2));
  const expected = [
    { event: 'snapshot', data: snapshotFixture() },
    { event: 'snapshot', data: snapshotFixture({ pid: 2 }) },
    { event: 'events', data: [eventFixture(1), eventFixture(2)] },
  ];
  for (const page of pages) await expect.poll(() => page.frames).toEqual(expected);
});

test('text of any kind stays inside its frame', async () => {
  const page = (await watch()).read();
  news.change({ version: 'a\n\ndata: b\r\u2028c' });
  await expect
    .poll(() => page.frames.at(-1)?.data)
    .toMatchObject({ version: 'a\n\ndata: b\r\u2028c' });
});

test('a watcher that left is forgotten', async () => {
  const page = (await watch()).read();
  expect([news.snapshotListeners.size, news.eventListeners.size]).toEqual([1, 1]);
  page.response.destroy();
  await expect.poll(() => [news.snapshotListeners.size, news.eventListeners.size]).toEqual([0, 0]);
});

test('a watcher that does not read is sent a bounded amount, then the newest state', async () => {
  const deaf = await watch();
  const padding = 'x'.repeat(100_000);
  const count = 400;
  for (let pid = 1; pid <= count; pid += 1) {
    news.change({ pid, version: padding });
    // Let the operating system take what it can.
    await new Promise(setImmediate);
  }
  deaf.read();
  await expect
    .poll(() => deaf.frames.at(-1)?.data, { timeout: 5_000 })
    .toMatchObject({ pid: count });
  expect(deaf.bytes).toBeLessThan((count * padding.length) / 2);
});

test('a watcher that does not read holds up nobody else', async () => {
  await watch();
  const page = (await watch()).read();
  const padding = 'x'.repeat(100_000);
  for (let pid = 1; pid <= 50; pid += 1) {
    news.change({ pid, version: padding });
    await expect.poll(() => page.frames.at(-1)?.data, { interval: 1 }).toMatchObject({ pid });
  }
});

test('HEAD ends at once, and nobody watches', async () => {
  const page = (await watch('HEAD')).read();
  await once(page.response, 'end');
  expect(page.response.statusCode).toBe(200);
  expect(news.snapshotListeners.size).toBe(0);
});

test('close ends the streams in order, and sends nothing after the end', async () => {
  const page = (await watch()).read();
  await expect.poll(() => page.frames).toHaveLength(1);
  const ended = once(page.response, 'end');
  const closed = door.close();
  news.change({ pid: 3 });
  await Promise.all([closed, ended]);
  expect(page.response.complete).toBe(true);
  expect(page.frames).toHaveLength(1);
});
