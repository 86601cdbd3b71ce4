import { expect, test } from 'vitest';
import { callChannel, type Envelope, listenChannel } from '../../preload/channels.ts';
import { api } from '../../shared/api.ts';
import { maxLineBytes } from '../../shared/control-protocol.ts';
import { CodedError } from '../../shared/errors.ts';
import { serviceIn, snapshotOf } from './fixtures.ts';
import { type IpcMain, type Page, type Sender, serve } from './ipc.ts';

const snapshot = snapshotOf([serviceIn('ready')]);
const ownFrame = { url: 'app://bundle/index.html', parent: null };

class FakePage implements Page {
  readonly received: unknown[] = [];
  visible = true;
  #isDestroyed = false;
  #onDestroyed = () => {};

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  send(channel: string, message: unknown): void {
    if (this.#isDestroyed) throw new Error('Object has been destroyed');
    this.received.push([channel.split(':').at(-1), message]);
  }

  once(_event: 'destroyed', listener: () => void): void {
    this.#onDestroyed = listener;
  }

  destroy(): void {
    this.#isDestroyed = true;
    this.#onDestroyed();
  }
}

function served() {
  let call: Parameters<IpcMain<FakePage>['handle']>[1] | undefined;
  let listen: Parameters<IpcMain<FakePage>['on']>[1] | undefined;
  const asked: unknown[] = [];
  const ipcMain: IpcMain<FakePage> = {
    handle: (channel, listener) => {
      if (channel === callChannel) call = listener;
    },
    on: (channel, listener) => {
      if (channel === listenChannel) listen = listener;
    },
  };
  const pages = serve({
    ipcMain,
    contract: api,
    handlers: {
      control: async (request) => {
        asked.push(request);
        return { ok: true, data: null };
      },
      openExternal: async () => {
        throw new CodedError('bad_request', 'Only http and https addresses are opened.');
      },
      openConfigFile: async () => {},
    },
    latest: { snapshot: () => snapshot },
    isVisible: (page) => page.visible,
  });
  const page = new FakePage();
  return {
    asked,
    page,
    pages,
    call: async (
      name: unknown,
      argument?: unknown,
      senderFrame: Sender<Page>['senderFrame'] = ownFrame,
    ) => (await call?.({ sender: page, senderFrame }, name, argument)) as Envelope,
    listen: (
      name: unknown,
      wanted: unknown = true,
      senderFrame: Sender<Page>['senderFrame'] = ownFrame,
    ) => listen?.({ sender: page, senderFrame }, name, wanted),
  };
}

test('our own page is answered', async () => {
  const { call, asked } = served();
  const request = { type: 'Restart', service: 'mcp' };
  expect(await call('control', request)).toEqual({ ok: true, value: { ok: true, data: null } });
  expect(asked).toEqual([request]);
});

test.each([
  ['a frame that has gone', null],
  ['a frame inside our page', { url: 'app://bundle/', parent: {} }],
  ['a page of the web', { url: 'https://bundle/', parent: null }],
  ['another host of the scheme', { url: 'app://bundle.evil/', parent: null }],
  ['a host that only begins like ours', { url: 'app://bundle@evil/', parent: null }],
  ['a file', { url: 'file:///app://bundle/', parent: null }],
  ['an empty address', { url: '', parent: null }],
])('S17 %s is refused and hears nothing', async (_who, frame) => {
  const { call, listen, asked, page, pages } = served();
  expect(await call('control', {}, frame)).toMatchObject({ ok: false, code: 'forbidden_origin' });
  listen('snapshot', true, frame);
  pages.push('snapshot', snapshot);
  expect([asked, page.received]).toEqual([[], []]);
  expect(pages.hasSpoken(page)).toBe(false);
});

test('a page that has called or listened is known to work', async () => {
  for (const speak of ['call', 'listen'] as const) {
    const { call, listen, page, pages } = served();
    expect(pages.hasSpoken(page)).toBe(false);
    if (speak === 'call') await call('control', {});
    else listen('events');
    expect(pages.hasSpoken(page)).toBe(true);
  }
});

test.each(['', 'shutdown', 'toString', '__proto__', 7, null])(
  'there is no call %j',
  async (name) => {
    const { call } = served();
    expect(await call(name)).toMatchObject({ ok: false, code: 'not_found' });
  },
);

test('S+ an argument that is too large or no plain data never reaches its handler', async () => {
  const { call, asked } = served();
  const large = { type: 'Restart', service: 'ä'.repeat(maxLineBytes / 2) };
  expect(await call('control', large)).toMatchObject({ ok: false, code: 'too_large' });
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(await call('control', cycle)).toMatchObject({ ok: false, code: 'bad_request' });
  expect(await call('control', 1n)).toMatchObject({ ok: false, code: 'bad_request' });
  expect(asked).toEqual([]);
});

test('an error keeps its code on the way to the page', async () => {
  const { call } = served();
  expect(await call('openExternal', 'file:///etc/passwd')).toEqual({
    ok: false,
    code: 'bad_request',
    error: 'Only http and https addresses are opened.',
  });
});

test('who listens gets the latest snapshot at once and what comes, until it listens no longer', () => {
  const { listen, page, pages } = served();
  pages.push('snapshot', snapshot);
  expect(page.received).toEqual([]);
  listen('snapshot');
  listen('events');
  expect(page.received.splice(0)).toEqual([['snapshot', snapshot]]);
  pages.push('events', []);
  expect(page.received.splice(0)).toEqual([['events', []]]);
  listen('events', false);
  pages.push('events', []);
  expect(page.received).toEqual([]);
});

test('a hidden window is told nothing and catches up when it is shown', () => {
  const { listen, page, pages } = served();
  listen('snapshot');
  page.received.length = 0;
  page.visible = false;
  pages.push('snapshot', snapshot);
  expect(page.received).toEqual([]);
  page.visible = true;
  pages.catchUp(page);
  expect(page.received).toEqual([['snapshot', snapshot]]);
});

test('a page that was destroyed is forgotten', () => {
  const { listen, page, pages } = served();
  listen('snapshot');
  page.received.length = 0;
  page.destroy();
  pages.push('snapshot', snapshot);
  pages.catchUp(page);
  expect(page.received).toEqual([]);
});

test.each(['nothing', '__proto__', 3])('there is no push %j to listen to', (name) => {
  const { listen, page } = served();
  listen(name);
  expect(page.received).toEqual([]);
});
