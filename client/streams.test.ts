import { expect, onTestFinished, test } from 'vitest';
import { until } from '../test/until.ts';
import type { EventItem } from './events.ts';
import { FakeDoor, FakeStreams } from './fake-door.test-helper.ts';
import type { HeartbeatItem } from './heartbeats.ts';
import { SseParser } from './sse.ts';
import { SupervisorClient } from './supervisor-client.ts';

/** A client whose supervisor has these streams and has published `lastId` events. */
async function clientOf(streams: FakeStreams, lastId = 7) {
  const door = await FakeDoor.open(({ id }, say) => {
    say({ ok: true, data: { events_url: streams.url, last_id: lastId }, id });
  });
  const client = new SupervisorClient({ address: door.path });
  onTestFinished(async () => {
    client.close();
    await streams[Symbol.asyncDispose]();
    await door[Symbol.asyncDispose]();
  });
  return { client, door };
}

function frame(id: number): string {
  return `id: ${id}\ndata: ${JSON.stringify({ id, data: { event_type: 'test', message: String(id) } })}\n\n`;
}

async function take<Item>(items: AsyncIterable<Item>, wanted: number): Promise<readonly Item[]> {
  const taken: Item[] = [];
  for await (const item of items) {
    taken.push(item);
    if (taken.length === wanted) break;
  }
  return taken;
}

const idOf = (item: EventItem) => (item.kind === 'event' ? item.event.id : item.gap);

test('events begin behind the last one there was, and go on behind the last one seen', async () => {
  const streams = await FakeStreams.open((response, index) => {
    if (index === 0) response.end(`retry: 2000\n\n: hello\n\n${frame(8)}${frame(9)}`);
    // What it sends once more is not given out once more.
    else response.write(`${frame(9)}${frame(10)}`);
  });
  const { client } = await clientOf(streams);
  expect((await take(client.events(), 3)).map(idOf)).toEqual([8, 9, 10]);
  expect(streams.streams.map(({ lastEventId }) => lastEventId)).toEqual(['7', '9']);
});

test('nothing is missed when the first connection breaks before its first event', async () => {
  const streams = await FakeStreams.open((response, index) => {
    if (index === 0) response.destroy();
    else response.write(frame(8));
  });
  const { client, door } = await clientOf(streams);
  const items = client.events();
  const first = items.next();
  await until(() => streams.streams.length > 0, { what: 'the first stream' });
  // Meanwhile others were published: it still asks for what is behind the seventh.
  door.answer = ({ id }, say) => {
    say({ ok: true, data: { events_url: streams.url, last_id: 99 }, id });
  };
  expect((await first).value).toMatchObject({ event: { id: 8 } });
  expect(streams.streams.at(-1)?.lastEventId).toBe('7');
  await items.return();
});

test('a gap is told, and leads on from where it says, also backwards', async () => {
  const gap = { from: 8, to: 20, reason: 'expired' };
  const back = { from: 3, to: 3, reason: 'unknown' };
  const streams = await FakeStreams.open((response) => {
    response.write(`id: 20\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n${frame(21)}`);
    response.write(`id: 3\nevent: gap\ndata: ${JSON.stringify(back)}\n\n${frame(4)}`);
  });
  const { client } = await clientOf(streams);
  expect((await take(client.events(), 4)).map(idOf)).toEqual([gap, 21, back, 4]);
});

test('a filter goes into the address', async () => {
  const streams = await FakeStreams.open((response) => response.write(frame(8)));
  const { client } = await clientOf(streams);
  const filter = { types: ['test', 'raw'], workspaceId: 'w 1', planId: 'p', label: 'me' } as const;
  await take(client.events(filter), 1);
  expect(streams.streams[0]?.path).toBe(
    '/supervisor/events?types=test%2Craw&workspace_id=w+1&plan_id=p&label=me',
  );
});

test('a signal ends the iteration while nothing happens', async () => {
  const streams = await FakeStreams.open(() => {});
  const { client } = await clientOf(streams);
  const end = new AbortController();
  const waiting = take(client.events({ signal: end.signal }), 1);
  await until(() => streams.streams.length === 1, { what: 'the stream' });
  end.abort();
  expect(await waiting).toEqual([]);
});

test('a heartbeat that is missed on a connection that seems to live is told, once, and its return', async () => {
  const beat = (at: number) => `data: ${JSON.stringify({ timestamp_ms: at })}\n\n`;
  let answers = false;
  const streams = await FakeStreams.open((response, index) => {
    if (index === 0) response.write(beat(0));
    if (answers) response.write(beat(1));
    // It keeps the connection alive, as a proxy would, while the supervisor hangs.
    const comments = setInterval(() => response.write(': ping\n\n'), 10);
    response.once('close', () => clearInterval(comments));
  });
  const { client } = await clientOf(streams);
  const seen: HeartbeatItem[] = [];
  const listening = (async () => {
    for await (const item of client.heartbeats({ missedAfterMs: 200 })) {
      seen.push(item);
      if (seen.length === 3) break;
    }
  })();
  await until(() => seen.at(-1)?.kind === 'lost' && streams.streams.length >= 3, {
    what: 'the loss, and two tries after it',
    instead: () => seen,
  });
  answers = true;
  await listening;
  expect(seen).toEqual([
    { kind: 'beat', beat: { timestamp_ms: 0 }, restored: true },
    { kind: 'lost', reason: 'No heartbeat for 200 ms.' },
    { kind: 'beat', beat: { timestamp_ms: 1 }, restored: true },
  ]);
});

test('frames are read as the standard has them, wherever the stream is cut', () => {
  const text =
    '\uFEFF: comment\r\nid: 1\r\ndata: a\r\ndata:b\r\n\r\nevent: x\rdata\r\rid: 2\n\ndata: é\n\n';
  const whole = new SseParser().push(text);
  expect(whole).toEqual([
    { type: 'message', data: 'a\nb', lastEventId: '1' },
    { type: 'x', data: '', lastEventId: '1' },
    { type: 'message', data: 'é', lastEventId: '2' },
  ]);
  for (let cut = 1; cut < text.length; cut += 1) {
    const parser = new SseParser();
    expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(whole);
  }
});
