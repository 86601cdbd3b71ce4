import { expect, test } from 'vitest';
import { eventFixtures, snapshotFixture } from '../fixtures/snapshot.ts';
import { maxListedEvents, mergeEvents, newerCount } from './event-list.ts';
import { initialPageState, reducePageState } from './page-state.ts';

const ids = (events: readonly { readonly id: number }[]) => events.map((event) => event.id);

test('events that come twice, out of order or late are listed once, newest first', () => {
  const list = mergeEvents(mergeEvents([], eventFixtures(3, 5)), eventFixtures(4, 3));
  expect(ids(list)).toEqual([7, 6, 5, 4, 3]);
});

test('a list without news keeps its identity', () => {
  const list = mergeEvents([], eventFixtures(300, 1));
  expect(list).toHaveLength(maxListedEvents);
  expect(mergeEvents(list, eventFixtures(300, 1))).toBe(list);
});

test('what came while the list stood still is counted', () => {
  const frozen = mergeEvents([], eventFixtures(3, 1));
  expect(newerCount(mergeEvents(frozen, eventFixtures(12, 4)), frozen)).toBe('12');
  expect(newerCount(mergeEvents(frozen, eventFixtures(900, 4)), frozen)).toBe('200+');
});

test('a snapshot seeds the event list without losing events that came before it', () => {
  const first = reducePageState(initialPageState, { type: 'events', events: eventFixtures(2, 9) });
  const snapshot = snapshotFixture({ recentEvents: eventFixtures(3, 7) });
  const second = reducePageState(first, { type: 'snapshot', snapshot, at: 1 });
  expect(ids(second.events)).toEqual([10, 9, 8, 7]);
});

test('only the parts of a snapshot that changed get a new identity', () => {
  const first = reducePageState(initialPageState, {
    type: 'snapshot',
    snapshot: snapshotFixture(),
    at: 1,
  });
  const changed = structuredClone(snapshotFixture());
  const [mcp, ...others] = changed.services;
  if (mcp === undefined) throw new Error('the fixture has services');
  const services = [{ ...mcp, restarts: 1 }, ...others];
  const second = reducePageState(first, {
    type: 'snapshot',
    snapshot: { ...changed, services },
    at: 2,
  });
  expect(second.snapshot).toEqual({ ...snapshotFixture(), services });
  expect(second.snapshot?.sessions).toBe(first.snapshot?.sessions);
  expect(second.snapshot?.services[0]).not.toBe(first.snapshot?.services[0]);
  expect(second.snapshot?.services[1]).toBe(first.snapshot?.services[1]);
});
