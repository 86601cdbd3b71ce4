import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { defaultConfig } from '../../../shared/config-schema.ts';
import { account } from './channel.test-helper.ts';
import type { EventRoom } from './event-room.ts';
import { RawClient, soon } from './events.test-helper.ts';
import {
  MemoryLog,
  type RoomSetup,
  roomIn,
  type Served,
  serveRoom,
  tempFolder,
  webhookSecret,
} from './room.test-helper.ts';
import { signWebhook } from './webhook.ts';

interface Open extends AsyncDisposable {
  readonly room: EventRoom;
  readonly served: Served;
  readonly log: MemoryLog;
}

/** A room that is open and served. */
async function open(folder: string, setup: RoomSetup = {}): Promise<Open> {
  const log = new MemoryLog();
  const room = roomIn(folder, { log, ...setup });
  await room.open();
  const served = await serveRoom(room);
  return {
    room,
    served,
    log,
    [Symbol.asyncDispose]: async () => {
      await room.close();
      await served[Symbol.asyncDispose]();
    },
  };
}

async function subscribe({ served }: Open, lastEventId: number | null = null): Promise<RawClient> {
  const headers = lastEventId === null ? {} : { 'last-event-id': String(lastEventId) };
  const client = await RawClient.subscribe(served.port, { headers });
  onTestFinished(() => client[Symbol.dispose]());
  return client;
}

function emit({ room }: Open, count = 1): number {
  let last = 0;
  for (let index = 0; index < count; index += 1) {
    last = room.originate({ event_type: 'test', message: `${index}` }, 'control').id;
  }
  return last;
}

/** A delivery as an MCP instance sends it. */
async function deliver({ served }: Open, event: object): Promise<Response> {
  const body = JSON.stringify({ delivery_id: 'whd_1', event });
  const timestamp = String(Math.floor(Date.now() / 1_000));
  return await fetch(`${served.url}/admin/events/hook?source=mcp:3460`, {
    method: 'POST',
    body,
    headers: {
      'x-pm-webhook-timestamp': timestamp,
      'x-pm-webhook-signature': signWebhook(webhookSecret, timestamp, Buffer.from(body)),
      connection: 'close',
    },
  });
}

const planEvent = (id: string) => ({ id, type: 'plan_created', workspace_id: 'w', plan_id: 'p' });

test('W1 W8 what an agent changed reaches subscribers with neither pool nor dashboard', async () => {
  await using folder = await tempFolder();
  await using here = await open(folder.path);
  const client = await subscribe(here);
  const answer = await deliver(here, planEvent('evt_1'));
  expect(await answer.json()).toEqual({ ok: true, id: 1, duplicate: false });
  await soon(() => expect(client.ids).toEqual([1]));
  expect(here.room.stats('url')).toMatchObject({
    enabled: true,
    published: 1,
    delivered: 1,
    lastId: 1,
    url: 'url',
    subscribers: [
      {
        address: '127.0.0.1',
        sent: 1,
      },
    ],
    sources: [
      {
        name: 'webhook:mcp:3460',
        kind: 'webhook',
        received: 1,
      },
    ],
    journal: {
      state: 'on',
      file: join(folder.path, 'events.db'),
    },
  });
});

test('W2 events of the same instant all arrive, pushed, in their order', async () => {
  await using folder = await tempFolder();
  await using here = await open(folder.path);
  const client = await subscribe(here);
  const timestamp = new Date().toISOString();
  for (let number = 1; number <= 20; number += 1) {
    await deliver(here, { ...planEvent(`evt_${number}`), timestamp });
  }
  // On a busy machine the summary that follows a burst comes among them.
  const told = () => client.body.matchAll(/"source_id":"evt_(\d+)"/g);
  const numbers = () => [...told()].map(([, number]) => Number(number));
  const all = Array.from({ length: 20 }, (_, index) => index + 1);
  await soon(() => expect(numbers()).toEqual(all));
});

test('W6 after a restart ids go on, and what was missed is replayed, exact at the switch to live', async () => {
  await using folder = await tempFolder();
  {
    await using first = await open(folder.path);
    expect(emit(first, 500)).toBe(500);
  }
  await using here = await open(folder.path);
  expect(here.room.recent(3).map(({ id }) => id)).toEqual([498, 499, 500]);
  let isPublishing = true;
  const publishing = (async () => {
    while (isPublishing) {
      emit(here, 7);
      await turn();
    }
  })();
  const cursors = [0, 1, 100, 243, 244, 245, 399, 400, 499, 500];
  const clients = await Promise.all(cursors.map((cursor) => subscribe(here, cursor)));
  await soon(() => expect(here.room.stats('').lastId).toBeGreaterThan(1_500));
  isPublishing = false;
  await publishing;
  const last = emit(here);
  await soon(() => {
    for (const client of clients) expect(client.newest).toContain(`id: ${last}\n`);
  });
  for (const [index, client] of clients.entries()) {
    const cursor = cursors[index] ?? 0;
    expect(account(client.seen, cursor + 1)).toBe(last + 1);
    expect(client.ids).toHaveLength(last - cursor);
  }
  expect(here.room.stats('').gaps).toEqual({ lagged: 0, expired: 0, unknown: 0 });
});

test('W3 an event that a source tells again after a restart does not enter twice', async () => {
  await using folder = await tempFolder();
  {
    await using first = await open(folder.path, { instanceId: 'first' });
    await deliver(first, planEvent('evt_1'));
    emit(first);
  }
  await using here = await open(folder.path, { instanceId: 'second' });
  const { lastId } = here.room.stats('');
  const again = await deliver(here, planEvent('evt_1'));
  expect(await again.json()).toMatchObject({ duplicate: true });
  const own = here.room.recent(3).find(({ data }) => data.event_type === 'test');
  const back = await deliver(here, { ...planEvent(own?.data.source_id ?? ''), type: 'test' });
  expect(await back.json()).toMatchObject({ duplicate: true });
  expect(here.room.stats('').lastId).toBe(lastId);
});

test('without a journal ids go on too, and what is gone is told', async () => {
  await using folder = await tempFolder();
  const settings = { journal: false };
  {
    await using first = await open(folder.path, { settings });
    expect(first.room.stats('').journal).toMatchObject({ state: 'off', file: null });
    emit(first, 150);
    const back = await subscribe(first, 30);
    await soon(() => expect(back.ids).toHaveLength(100));
    expect(back.seen[0]).toEqual({ gap: { from: 31, to: 50, reason: 'expired' } });
  }
  await using here = await open(folder.path, { settings });
  const [missed, upToDate] = [await subscribe(here, 140), await subscribe(here, 150)];
  expect(emit(here)).toBe(151);
  await soon(() => expect(upToDate.seen).toEqual([{ id: 151 }]));
  await soon(() =>
    expect(missed.seen).toEqual([{ gap: { from: 141, to: 150, reason: 'expired' } }, { id: 151 }]),
  );
});

test('W6 more events than ids were reserved at the start, and then a crash: no id repeats', async () => {
  await using folder = await tempFolder();
  const settings = { journal: false };
  await using first = await open(folder.path, { settings });
  const last = emit(first, 150_000);
  await using second = await open(folder.path, { settings });
  expect(emit(second)).toBeGreaterThan(last);
});

test('W7 switched off, everybody is told and nothing enters; on again, nothing is lost', async () => {
  await using folder = await tempFolder();
  await using here = await open(folder.path);
  const client = await subscribe(here);
  emit(here, 2);
  await deliver(here, planEvent('evt_1'));
  here.room.setEnabled(false);
  here.room.setEnabled(false);
  await client.ended();
  // What was due soon is told before the end.
  expect(client.seen).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { named: 'shutdown' }]);
  expect(client.body).toContain('"event_type":"metrics_invalidated"');

  expect(here.room.stats('')).toMatchObject({ enabled: false, subscribers: [], lastId: 4 });
  const refused = await fetch(`${here.served.url}/supervisor/events`);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ ok: false, code: 'events_disabled' });
  expect((await deliver(here, planEvent('evt_2'))).status).toBe(503);
  const disabled = expect.objectContaining({ code: 'events_disabled' });
  expect(() => emit(here)).toThrow(disabled);

  here.room.setEnabled(true);
  expect(here.room.stats('').enabled).toBe(true);
  const back = await subscribe(here, 2);
  expect((await deliver(here, planEvent('evt_2'))).status).toBe(200);
  await soon(() => expect(back.ids).toEqual([3, 4, 5]));
  expect(here.log.saying('event channel switched')).toHaveLength(2);
});

test('W7 nothing is published while it is off, not even what was due', async () => {
  await using folder = await tempFolder();
  await using here = await open(folder.path, { settings: { journal: false } });
  await deliver(here, planEvent('evt_1'));
  here.room.setEnabled(false);
  const { lastId } = here.room.stats('');
  const since = performance.now();
  await soon(() => expect(performance.now() - since).toBeGreaterThan(1_100));
  expect(here.room.stats('').lastId).toBe(lastId);
});

test('W7 switched off from the start it can be switched on', async () => {
  await using folder = await tempFolder();
  await using here = await open(folder.path, { settings: { enabled: false } });
  expect(here.room.stats('').enabled).toBe(false);
  here.room.setEnabled(true);
  const client = await subscribe(here);
  emit(here);
  await soon(() => expect(client.ids).toEqual([1]));
});

test('at the end subscribers are told, then what they missed is on disk', async () => {
  await using folder = await tempFolder();
  const first = await open(folder.path);
  const client = await subscribe(first);
  emit(first, 10);
  await first.room.close();
  await client.ended();
  expect(client.seen.at(-1)).toEqual({ named: 'shutdown' });
  expect(client.ids).toHaveLength(10);
  expect((await fetch(`${first.served.url}/supervisor/events`)).status).toBe(503);
  await first.served[Symbol.asyncDispose]();
  expect(JSON.parse(await readFile(join(folder.path, 'event-ids.json'), 'utf8'))).toEqual({
    next_id: 11,
  });
});

test('with both files damaged it opens all the same, says so, and ids do not repeat', async () => {
  await using folder = await tempFolder();
  {
    await using first = await open(folder.path);
    emit(first, 50);
  }
  for (const name of ['events.db', 'event-ids.json']) {
    await writeFile(join(folder.path, name), 'damaged'.repeat(100));
  }
  await using here = await open(folder.path);
  const client = await subscribe(here, 20);
  const id = emit(here);
  expect(id).toBeGreaterThan(50);
  await soon(() => expect(account(client.seen, 21)).toBe(id + 1));
  expect(client.seen).toEqual([{ gap: { from: 21, to: id - 1, reason: 'expired' } }, { id }]);
  expect(here.log.saying('event journal was damaged')).toHaveLength(1);
});

test('where nothing can be written it runs in memory and says so', async () => {
  await using folder = await tempFolder();
  await writeFile(join(folder.path, 'file'), '');
  await using here = await open(join(folder.path, 'file', 'folder'));
  const client = await subscribe(here);
  const last = emit(here, 3);
  await soon(() => expect(client.ids).toEqual([last - 2, last - 1, last]));
  expect(here.room.stats('').journal).toMatchObject({ state: 'troubled' });
  expect(here.log.lines.filter(({ level }) => level === 50)).toHaveLength(2);
});

test('W6 without the file of the ids, and with a journal that cannot be read, ids do not begin anew', async () => {
  await using folder = await tempFolder();
  await mkdir(join(folder.path, 'events.db'));
  const now = Date.now() * 1_000;
  await using here = await open(folder.path);
  expect(here.room.stats('').journal).toMatchObject({ state: 'troubled' });
  expect(emit(here)).toBeGreaterThanOrEqual(now);
});

test('W3 two supervisors that listen to each other do not go round in circles', async () => {
  await using folder = await tempFolder();
  const settings = { journal: false };
  await using one = await open(join(folder.path, 'one'), { settings, instanceId: 'one' });
  const source = { name: 'one', url: `${one.served.url}/supervisor/events`, headers: {} };
  await using other = await open(join(folder.path, 'other'), {
    settings: { ...settings, sources: [source] },
    instanceId: 'other',
  });
  one.room.addSource('other', { url: () => `${other.served.url}/supervisor/events` });
  const both = [one.room, other.room];
  const connected = { sources: [{ name: expect.any(String), state: 'connected' }] };
  await soon(() => {
    for (const room of both) {
      expect(room.stats('')).toMatchObject({ ...connected, subscribers: [{}] });
    }
  });
  for (const number of [1, 2, 3]) await deliver(one, planEvent(`evt_${number}`));
  emit(one);
  emit(other);
  // What went to the other and came back comes before what is born there later.
  await soon(() => expect(one.room.stats('').deduplicated).toBeGreaterThanOrEqual(4));
  await deliver(other, planEvent('evt_4'));
  const plans = ['evt_1', 'evt_2', 'evt_3', 'evt_4'];
  await soon(() => {
    for (const room of both) {
      const origins = room.recent(100).map(({ data }) => data.source_id);
      expect(origins.filter((id) => id.startsWith('evt_'))).toEqual(plans);
      expect(origins).toEqual(expect.arrayContaining(['pms_one_1', 'pms_other_1']));
      expect(new Set(origins).size).toBe(origins.length);
    }
  });
});

test('the defaults of the file are those of the original', () => {
  expect(defaultConfig.events).toMatchObject({
    enabled: true,
    buffer_size: 256,
    heartbeat_interval: 30,
    replay_buffer_size: 100,
  });
});
