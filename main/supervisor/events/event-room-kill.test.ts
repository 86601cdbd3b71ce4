/** The worst end: kill -9 in the middle of everything. */
import { expect, test } from 'vitest';
import { account } from './channel.test-helper.ts';
import { RawClient, soon, startScript } from './events.test-helper.ts';
import { roomIn, serveRoom, tempFolder } from './room.test-helper.ts';

/** Publishes 2,000 events a second and says which ids it acknowledged; prints its port first. */
const script = `
  import { createServer } from 'node:http';
  import { EventRoom } from '%event-room.ts%';
  import { defaultConfig } from '%../../../shared/config-schema.ts%';
  const nothing = { observe() {} };
  const room = new EventRoom({
    settings: { ...defaultConfig.events }, folder: process.argv[2], instanceId: 'x', webhookSecret: 's',
    journalThread: new URL('%journal-thread.ts%').pathname,
    metrics: { flushSeconds: nothing, webhookSeconds: nothing },
    logger: { info() {}, warn() {}, error() {} }, onEvent() {},
  });
  await room.open();
  const server = createServer(room.sse).listen(0, '127.0.0.1', () => {
    console.log(server.address().port);
    setInterval(() => {
      const ids = Array.from({ length: 20 }, () =>
        room.originate({ event_type: 'test', message: 'm' }, 'control').id);
      console.log(ids.join());
    }, 10);
  });`;

test('W6 killed while it publishes 2,000 a second, it accounts for every acknowledged event', async () => {
  await using folder = await tempFolder();
  let acknowledged = 0;
  // A second crash, with the file of the first one, must not differ.
  for (const _life of [1, 2]) {
    const before = acknowledged;
    await using child = await startScript(folder, script);
    await soon(() => expect(child.lines.length).toBeGreaterThan(1));
    using live = await RawClient.subscribe(Number(child.lines[0]), {
      headers: { 'last-event-id': String(before) },
    });
    await soon(() => expect(child.lines.length).toBeGreaterThan(60));
    await child.kill();
    const ids = child.lines.slice(1).flatMap((line) => line.split(',').map(Number));
    acknowledged = ids.at(-1) ?? 0;
    expect(ids[0]).toBeGreaterThan(before);
    expect(account(live.seen, before + 1)).toBeTypeOf('number');
    await live.ended();
    // What it saw may be newer than what is on disk.
    const seen = live.ids.at(-1) ?? 0;

    const room = roomIn(folder.path);
    await room.open();
    await using served = await serveRoom(room);
    using early = await RawClient.subscribe(served.port, {
      headers: { 'last-event-id': String(before) },
    });
    // At once, not only when something new comes.
    await soon(() => expect(account(early.seen, before + 1)).toBe(room.stats('').lastId + 1));
    const next = room.originate({ event_type: 'test', message: 'after' }, 'control').id;
    expect(next).toBeGreaterThan(Math.max(acknowledged, seen));
    using all = await RawClient.subscribe(served.port, { headers: { 'last-event-id': '0' } });
    using back = await RawClient.subscribe(served.port, {
      headers: { 'last-event-id': String(seen) },
    });
    await soon(() => {
      for (const client of [all, back]) expect(client.newest).toContain(`id: ${next}\n`);
    });
    expect(account(all.seen, 1)).toBe(next + 1);
    expect(account(back.seen, seen + 1)).toBe(next + 1);
    await soon(() => expect(account(early.seen, before + 1)).toBe(next + 1));
    const gaps = [...all.seen, ...early.seen].flatMap((each) =>
      'gap' in each ? [each.gap.reason] : [],
    );
    expect(new Set(gaps)).toEqual(new Set(['unknown']));
    expect(room.stats('').lagged).toBe(0);
    // Of 2,000 a second, what was not on disk was published in its last 200 ms.
    const replayed = new Set(all.ids);
    expect(ids.filter((id) => !replayed.has(id)).length).toBeLessThan(400);
    await room.close();
    acknowledged = next;
  }
}, 15_000);
