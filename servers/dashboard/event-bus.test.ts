import { expect, test } from 'vitest';
import type { McpEvent } from './dashboard-api.d.ts';
import { EventBus, rememberedIds } from './event-bus.ts';

function event(id: string): McpEvent {
  return { id, type: 'test', timestamp: '2026-11-22T12:00:00.000Z', data: {} };
}

function listen(bus: EventBus) {
  const ids: string[] = [];
  const stop = bus.subscribe({ event: ({ id }) => ids.push(id), resync: () => ids.push('resync') });
  return { ids, stop };
}

test('an event that comes twice is told once', () => {
  const bus = new EventBus();
  const { ids } = listen(bus);
  for (const id of ['a', 'b', 'a', 'b', 'c']) bus.publish(event(id));
  expect(ids).toEqual(['a', 'b', 'c']);
});

test('ids are remembered over a bounded window, the oldest is forgotten first', () => {
  const bus = new EventBus();
  bus.publish(event('first'));
  for (let index = 1; index < rememberedIds; index += 1) bus.publish(event(`event ${index}`));
  const { ids } = listen(bus);
  bus.publish(event('first'));
  expect(ids).toEqual([]);
  bus.publish(event('one more'));
  bus.publish(event('first'));
  expect(ids).toEqual(['one more', 'first']);
});

test('every listener hears everything until it leaves', () => {
  const bus = new EventBus();
  const one = listen(bus);
  const other = listen(bus);
  bus.publish(event('a'));
  one.stop();
  bus.resync({ from: 1, to: 2, reason: 'lagged' });
  expect(one.ids).toEqual(['a']);
  expect(other.ids).toEqual(['a', 'resync']);
});

test('the feed learns when the first listener comes and when the last one leaves', () => {
  const bus = new EventBus();
  const told: boolean[] = [];
  bus.onAudience((present) => told.push(present));
  const one = listen(bus);
  const other = listen(bus);
  one.stop();
  one.stop();
  other.stop();
  expect(told).toEqual([false, true, false]);
});
