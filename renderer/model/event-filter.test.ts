import { expect, test } from 'vitest';
import type { StampedEvent } from '../../shared/events.ts';
import { eventFixtures } from '../fixtures/snapshot.ts';
import { eventRows, everyEvent } from './event-filter.ts';

/** Newest first. */
function listOf(...ids: readonly number[]): readonly StampedEvent[] {
  const [event] = eventFixtures(1, 0);
  if (!event) throw new Error('no fixture');
  return ids.map((id) => ({ ...event, id }));
}

const gapsOf = (events: readonly StampedEvent[]) =>
  eventRows(events, everyEvent).map(({ event, gap }) => [event.id, gap?.from, gap?.to]);

test('a gap in the ids is marked where it is', () => {
  expect(gapsOf(listOf(9, 8, 4, 3))).toEqual([
    [9, undefined, undefined],
    [8, undefined, undefined],
    [4, 5, 7],
    [3, undefined, undefined],
  ]);
});

test('what the filter hides is no gap, and a gap among the hidden is still told', () => {
  const events = eventFixtures(8, 1).toReversed();
  const received = events.filter(({ id }) => id !== 4);
  const onlyFirst = eventRows(received, { type: 'plan_updated', text: '' });
  expect(onlyFirst.map(({ event, gap }) => [event.id, gap])).toEqual([[1, { from: 4, to: 4 }]]);
  expect(eventRows(events, { type: 'plan_updated', text: '' })[0]?.gap).toBeNull();
});

test('text is looked for everywhere in the event, in any case, and with the type', () => {
  const events = eventFixtures(8, 1).toReversed();
  const idsOf = (type: string, text: string) =>
    eventRows(events, { type, text }).map(({ event }) => event.id);
  expect(idsOf('', 'EXECUTOR_19')).toEqual([3]);
  expect(idsOf('', 'stream:dashboard')).toEqual([7, 4, 1]);
  expect(idsOf('raw', 'stream:dashboard')).toEqual([7]);
  expect(idsOf('', ' 5 ')).toContain(5);
  expect(idsOf('', 'no such thing')).toEqual([]);
});
