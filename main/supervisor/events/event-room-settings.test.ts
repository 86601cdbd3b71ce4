/** The settings of a room, and how they change while it runs. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Config, defaultConfig } from '../../../shared/config-schema.ts';
import type { EventRoom } from './event-room.ts';
import { RawClient } from './events.test-helper.ts';
import { Journal } from './journal.ts';
import { roomIn, type Served, serve, serveRoom, tempFolder } from './room.test-helper.ts';

type Settings = Partial<Config['events']>;
const patience = { timeout: 10_000 };

async function open(given: Settings = {}): Promise<{ room: EventRoom; served: Served }> {
  const folder = await tempFolder();
  const room = roomIn(folder.path, { settings: given });
  await room.open();
  const served = await serveRoom(room);
  onTestFinished(async () => {
    await room.close();
    await served[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });
  return { room, served };
}

const settings = (given: Settings): Config['events'] => ({ ...defaultConfig.events, ...given });

/** A stream of events with one event in it whenever somebody comes. */
async function startSource(name: string): Promise<Served> {
  const served = await serve((request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const secret = request.headers['x-secret'] ?? '';
    response.write(`data: {"type":"plan_created","id":"${name}${secret}","data":{}}\n\n`);
  });
  onTestFinished(() => served[Symbol.asyncDispose]());
  return served;
}

async function subscribe({ port }: Served): Promise<RawClient> {
  const client = await RawClient.subscribe(port, {});
  onTestFinished(() => client[Symbol.dispose]());
  return client;
}

test('sources come, go and change; those that stay are not disturbed', async () => {
  const [one, two] = [await startSource('one'), await startSource('two')];
  const source = (name: string, { url }: Served, headers = {}) => ({ name, url, headers });
  const { room } = await open({ sources: [source('a', one), source('b', two)] });
  const told = () =>
    room
      .stats('')
      .sources.flatMap(({ name, kind, state, received }) =>
        kind === 'stream' ? [`${name} ${state} ${received}`] : [],
      );
  await vi.waitFor(() => expect(told()).toEqual(['a connected 1', 'b connected 1']), patience);
  const sources = [source('a', one), source('c', two, { 'x-secret': '!' })];
  room.apply(settings({ sources }));
  await vi.waitFor(() => expect(told()).toEqual(['a connected 1', 'c connected 1']), patience);
  const ids = room.recent(10).map(({ data }) => (data as { source_id?: string }).source_id);
  expect(ids).toContain('two!');
});

test('switched off and on; subscribers are told, and can come back', async () => {
  const { room, served } = await open();
  const client = await subscribe(served);
  room.apply(settings({ enabled: false }));
  await vi.waitFor(() => expect(client.text).toContain('event: shutdown'), patience);
  expect((await fetch(served.url)).status).toBe(503);
  room.apply(settings({ enabled: true }));
  await subscribe(served);
  // Switched by hand until the next start: another change of the file does not undo that.
  room.setEnabled(false);
  room.apply(settings({ max_subscribers: 5 }));
  expect(room.stats('').enabled).toBe(false);
});

test('the heartbeat keeps its new interval, with the subscribers that are there', async () => {
  const { room, served } = await open({ heartbeat_interval: 3_600 });
  const client = await subscribe(served);
  await delay(50);
  expect(client.text).not.toContain('\n:');
  room.apply(settings({ heartbeat_interval: 1 }));
  await vi.waitFor(() => expect(client.text).toMatch(/\n:|^:/m), patience);
});

test('origins, room for subscribers and the size of events count from the next one on', async () => {
  const { room, served } = await open();
  const origin = 'http://localhost:5173';
  const cors = async () => {
    const response = await fetch(served.url, { method: 'HEAD', headers: { origin } });
    return response.headers.get('access-control-allow-origin');
  };
  const emit = (size: number) =>
    room.originate({ event_type: 'test', message: 'x'.repeat(size) }, 'control');
  expect(await cors()).toBeNull();
  emit(2_000);
  await subscribe(served);
  room.apply(settings({ allowed_origins: [origin], max_subscribers: 1, max_event_bytes: 1_024 }));
  expect(await cors()).toBe(origin);
  expect((await fetch(served.url)).status).toBe(503);
  expect(() => emit(2_000)).toThrow(/max_event_bytes/);
});

test('buffer_size and replay_buffer_size are what is kept in memory', async () => {
  const kept = async (given: Settings) => {
    const { room } = await open({ ...given, journal: false });
    for (let index = 0; index < 200; index += 1) {
      room.originate({ event_type: 'test', message: '' }, 'control');
    }
    return room.recent(1_000).length;
  };
  expect(await kept({ buffer_size: 16, replay_buffer_size: 0 })).toBe(16);
  expect(await kept({ buffer_size: 16, replay_buffer_size: 50 })).toBe(50);
});

test('journal_max_events and journal_max_age_hours reach the journal', async () => {
  const opened = vi.spyOn(Journal, 'open');
  onTestFinished(() => opened.mockRestore());
  await open({ journal_max_events: 123, journal_max_age_hours: 2 });
  expect(opened).toHaveBeenCalledWith(
    expect.objectContaining({ maxEvents: 123, maxAgeMs: 2 * 3_600_000 }),
  );
  await open({ journal: false });
  expect(opened).toHaveBeenCalledTimes(1);
});
