import { expect, test } from 'vitest';
import { account, channelOf, FakeSubscriber, nextTick, publish } from './channel.test-helper.ts';

test('every subscriber gets every event, in order, once', async () => {
  const channel = channelOf();
  const subscribers = [1, 2, 3].map(() => new FakeSubscriber().subscribe(channel));
  publish(channel, 5);
  await nextTick();
  publish(channel, 5);
  await nextTick();
  for (const subscriber of subscribers) {
    expect(subscriber.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(subscriber.status).toMatchObject({ sent: 10, lagged: 0, lastId: 10 });
  }
  expect(channel.totals).toMatchObject({ published: 10, delivered: 30, lagged: 0 });
});

test('what is published in one turn goes out in one write, and all share its bytes', async () => {
  const channel = channelOf();
  const [one, other] = [
    new FakeSubscriber().subscribe(channel),
    new FakeSubscriber().subscribe(channel),
  ];
  publish(channel, 5);
  await nextTick();
  expect(one.received).toHaveLength(1);
  expect(one.received[0]).toBe(other.received[0]);
});

test('a burst far larger than the ring does not overtake a subscriber that reads', async () => {
  const channel = channelOf();
  const subscriber = new FakeSubscriber().subscribe(channel);
  publish(channel, 1_000);
  await nextTick();
  expect(subscriber.ids).toHaveLength(1_000);
  expect(subscriber.gaps).toEqual([]);
});

test('W6 a subscriber that does not read is told exactly what it missed, then goes on in order', async () => {
  const channel = channelOf();
  const slow = new FakeSubscriber().subscribe(channel);
  const fast = new FakeSubscriber().subscribe(channel);
  publish(channel, 2);
  await nextTick();
  slow.reading = false;
  publish(channel, 1);
  await nextTick();
  publish(channel, 40);
  await nextTick();
  expect(fast.ids).toHaveLength(43);
  slow.reading = true;
  await nextTick();
  publish(channel, 1);
  await nextTick();
  expect(slow.gaps).toEqual([{ from: 4, to: 27, reason: 'lagged' }]);
  expect(account(slow.seen, 1)).toBe(45);
  expect(slow.status.lagged).toBe(24);
  expect(channel.totals).toMatchObject({ lagged: 24, gaps: { lagged: 1 } });
});

test('a reader that stopped costs one write, however much is published', async () => {
  const channel = channelOf();
  const stopped = new FakeSubscriber().subscribe(channel);
  stopped.reading = false;
  for (let round = 0; round < 100; round += 1) {
    publish(channel, 50);
    await nextTick();
  }
  expect(stopped.received.length).toBeLessThanOrEqual(1);
});

test('one that leaves while it does not read gets nothing more', async () => {
  const channel = channelOf();
  const subscriber = new FakeSubscriber().subscribe(channel);
  subscriber.reading = false;
  publish(channel, 1);
  await nextTick();
  publish(channel, 1);
  await nextTick();
  subscriber.leave();
  subscriber.reading = true;
  await nextTick();
  expect(subscriber.ids).toEqual([1]);
});

test('Last-Event-ID replays exactly what was missed', async () => {
  const channel = channelOf();
  publish(channel, 10);
  const back = new FakeSubscriber().subscribe(channel, '6');
  publish(channel, 2);
  await nextTick();
  expect(back.ids).toEqual([7, 8, 9, 10, 11, 12]);
  expect(back.gaps).toEqual([]);
  expect(channel.totals.replayed).toBe(4);
});

test('one that is up to date gets nothing old, and no gap', async () => {
  const channel = channelOf();
  publish(channel, 10);
  const back = new FakeSubscriber().subscribe(channel, '10');
  await nextTick();
  expect(back.seen).toEqual([]);
});

test('W6 an id that is no longer kept is answered with the gap first, then with what there is', async () => {
  const channel = channelOf();
  publish(channel, 50);
  const back = new FakeSubscriber().subscribe(channel, '10');
  expect(back.gaps).toEqual([{ from: 11, to: 42, reason: 'expired' }]);
  expect(back.ids).toEqual([43, 44, 45, 46, 47, 48, 49, 50]);
});

test('W6 an id from the future is answered with a gap, never with silence', () => {
  const channel = channelOf();
  publish(channel, 3);
  const back = new FakeSubscriber().subscribe(channel, '99');
  expect(back.gaps).toEqual([{ from: 4, to: 99, reason: 'unknown' }]);
  expect(back.ids).toEqual([1, 2, 3]);
});

test.each(['abc', '-1', '1e3', '', '99999999999999999999', ' 1'])(
  'an id that is no id (%j) is answered with a gap, then with what there is',
  (id) => {
    const channel = channelOf();
    publish(channel, 3);
    const back = new FakeSubscriber().subscribe(channel, id);
    expect(back.gaps).toEqual([{ from: 0, to: 0, reason: 'unknown' }]);
    expect(back.ids).toEqual([1, 2, 3]);
  },
);

test('a gap frame moves the cursor: a client that reconnects after it is not told twice', () => {
  const channel = channelOf();
  publish(channel, 50);
  const back = new FakeSubscriber().subscribe(channel, '10');
  const first = Buffer.concat(back.received).toString().split('\n\n')[0];
  expect(first).toMatch(/^id: 42\nevent: gap\n/);
});

test('a filtered subscriber gets only what it asked for, with the ids everybody has', async () => {
  const channel = channelOf();
  const filter = { types: new Set(['plan_created']), workspaceId: 'w', planId: null };
  const subscriber = new FakeSubscriber().subscribe(channel, null, filter);
  const origin = { timestamp: '', source: 's', source_id: 'x' };
  publish(channel, 2);
  channel.publish({ event_type: 'plan_created', workspace_id: 'w', plan_id: 'p' }, origin);
  channel.publish({ event_type: 'plan_created', workspace_id: 'other', plan_id: 'p' }, origin);
  publish(channel, 1);
  await nextTick();
  expect(subscriber.ids).toEqual([3]);
  expect(subscriber.status.lastId).toBe(5);
});

test('an event that is too large is refused and takes no id', () => {
  const channel = channelOf({ maxEventBytes: 1_000 });
  const origin = { timestamp: '', source: 's', source_id: 'x' };
  const tooLarge = { event_type: 'test', message: 'ä'.repeat(500) } as const;
  expect(() => channel.publish(tooLarge, origin)).toThrow(/larger than 1000 bytes/);
  expect(publish(channel)[0]?.id).toBe(1);
});

test('a comment comes only to those that got nothing for a whole interval', async () => {
  const channel = channelOf();
  const [idle, busy] = [new FakeSubscriber().subscribe(channel), new FakeSubscriber()];
  for (let tick = 0; tick < 3; tick += 1) channel.tick();
  busy.subscribe(channel);
  channel.tick();
  expect(Buffer.concat(idle.received).toString()).toBe(': ping\n\n');
  expect(busy.received).toEqual([]);
});

test('the end is told to everyone after the last event', () => {
  const channel = channelOf();
  const subscriber = new FakeSubscriber().subscribe(channel);
  publish(channel, 1);
  channel.endAll();
  expect(subscriber.seen).toEqual([{ id: 1 }, { named: 'shutdown' }]);
  expect(channel.subscribers()).toEqual([]);
});

test('after an orderly restart the newest events of the earlier run are in memory again', () => {
  const earlier = channelOf();
  const texts = publish(earlier, 5).map((event) => JSON.stringify(event));
  const channel = channelOf({ firstId: 6 });
  channel.restore(texts);
  expect(channel.recent(10).map((event) => event.id)).toEqual([1, 2, 3, 4, 5]);
  expect(new FakeSubscriber().subscribe(channel, '3').ids).toEqual([4, 5]);
});

test('after a crash, which skips ids, older ones in memory are not mistaken for the newest', () => {
  const texts = publish(channelOf(), 5).map((event) => JSON.stringify(event));
  const channel = channelOf({ firstId: 1_000 });
  channel.restore(texts);
  expect(channel.recent(10)).toEqual([]);
  const back = new FakeSubscriber().subscribe(channel, '3');
  expect(back.gaps).toEqual([{ from: 4, to: 999, reason: 'expired' }]);
});
