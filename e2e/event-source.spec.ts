/** The browser's own EventSource, on a page of a configured origin: what reaches it, and how it comes back. */
import { expect } from 'playwright/test';
import {
  type RoomSetup,
  roomIn,
  type Served,
  serve,
  serveRoom,
  tempFolder,
} from '../main/supervisor/events/room.test-helper.ts';
import { test as base, whyNoBrowser } from './browser-test.ts';

base.skip(whyNoBrowser !== null, whyNoBrowser ?? '');

/** Subscribes to the address in `?events=` and keeps what comes. */
const script = `
  const heard = [];
  const source = new EventSource(new URLSearchParams(location.search).get('events'));
  source.onopen = () => heard.push('open');
  source.onerror = () => heard.push(source.readyState === 2 ? 'failed' : 'reconnecting');
  source.onmessage = ({ data, lastEventId }) => heard.push([lastEventId, JSON.parse(data)]);
  for (const name of ['gap', 'shutdown']) {
    source.addEventListener(name, ({ data }) => heard.push({ [name]: JSON.parse(data) }));
  }`;

type Heard = string | readonly [id: string, event: { readonly id: number }] | object;

interface Fixtures {
  /** A web server of somebody else. */
  readonly site: Served;
  /** Opens a room for pages of these origins. */
  readonly openRoom: (settings: RoomSetup['settings']) => Promise<OpenRoom>;
}

interface OpenRoom {
  readonly room: ReturnType<typeof roomIn>;
  readonly served: Served;
}

const test = base.extend<Fixtures>({
  site: async ({ browserName: _any }, use) => {
    await using site = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(`<!doctype html><link rel="icon" href="data:,"><script>${script}</script>`);
    });
    await use(site);
  },
  openRoom: async ({ browserName: _any }, use) => {
    await using folder = await tempFolder();
    await using stack = new AsyncDisposableStack();
    await use(async (settings) => {
      const room = roomIn(folder.path, {
        settings: { journal: false, replay_buffer_size: 10, ...settings },
      });
      await room.open();
      const served = await serveRoom(room);
      stack.use(served);
      stack.defer(() => room.close());
      return { room, served };
    });
  },
});

const pageUrl = (site: Served, { served }: OpenRoom) =>
  `${site.url}/?events=${encodeURIComponent(`${served.url}/supervisor/events`)}`;

function emit({ room }: OpenRoom, count: number): void {
  for (let index = 0; index < count; index += 1) {
    room.originate({ event_type: 'test', message: `日本 ${index}` }, 'control');
  }
}

test('it receives events, comes back by itself with its cursor, and is told of a gap', async ({
  page,
  site,
  openRoom,
}) => {
  const open = await openRoom({ allowed_origins: [site.url] });
  await page.goto(pageUrl(site, open));
  const heard = () => page.evaluate<readonly Heard[]>('heard');
  const ids = async () =>
    (await heard()).flatMap((each) => (Array.isArray(each) ? [Number(each[0])] : []));
  await expect.poll(heard).toEqual(['open']);
  emit(open, 3);
  await expect.poll(ids).toEqual([1, 2, 3]);
  const [, first] = await heard();
  expect(first).toEqual(['1', open.room.recent(3)[0]]);

  // The stream ends; five events later the browser is back, and has missed nothing.
  open.served.server.closeAllConnections();
  emit(open, 5);
  await expect.poll(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect((await heard()).filter((each) => typeof each === 'string')).toEqual([
    'open',
    'reconnecting',
    'open',
  ]);

  // This time it misses more than is kept.
  open.served.server.closeAllConnections();
  emit(open, 15);
  await expect.poll(ids).toContain(23);
  expect((await heard()).filter((each) => typeof each === 'object' && 'gap' in each)).toEqual([
    { gap: { from: 9, to: 13, reason: 'expired' } },
  ]);
  expect((await ids()).slice(8)).toEqual([14, 15, 16, 17, 18, 19, 20, 21, 22, 23]);

  open.room.setEnabled(false);
  await expect.poll(heard).toContainEqual({ shutdown: {} });
});

test('a page of another origin hears nothing', async ({ page, site, openRoom }) => {
  const open = await openRoom({ allowed_origins: ['http://localhost:1'] });
  await page.goto(pageUrl(site, open));
  await expect.poll(() => page.evaluate<readonly Heard[]>('heard')).toEqual(['failed']);
  emit(open, 3);
  expect(await page.evaluate<readonly Heard[]>('heard')).toEqual(['failed']);
});
