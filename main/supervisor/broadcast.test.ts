import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Broadcast } from './broadcast.ts';

let taken: number;
let broadcast: Broadcast<number, number>;

beforeEach(() => {
  vi.useFakeTimers();
  taken = 0;
  broadcast = new Broadcast(() => {
    taken += 1;
    return taken;
  });
});

afterEach(() => {
  broadcast.close();
  vi.useRealTimers();
});

/** A listener that keeps what it is told. */
function keeper<Value>() {
  const values: Value[] = [];
  return { values, listener: (value: Value) => void values.push(value) };
}

test('a new listener gets the state at once, without waiting for a change', () => {
  const [first, second] = [keeper<number>(), keeper<number>()];
  broadcast.onSnapshot(first.listener);
  broadcast.onSnapshot(second.listener);
  expect([first.values, second.values]).toEqual([[1], [2]]);
});

test('any number of changes within a quarter of a second become one snapshot for all listeners', () => {
  const [first, second] = [keeper<number>(), keeper<number>()];
  broadcast.onSnapshot(first.listener);
  broadcast.onSnapshot(second.listener);
  for (let turn = 0; turn < 1_000; turn += 1) broadcast.changed();
  vi.advanceTimersByTime(250);
  expect([first.values, second.values]).toEqual([
    [1, 3],
    [2, 3],
  ]);
});

test('under steady change there are four snapshots a second, and the last change is always told', () => {
  const { values, listener } = keeper<number>();
  broadcast.onSnapshot(listener);
  for (let ms = 0; ms < 2_000; ms += 5) {
    broadcast.changed();
    vi.advanceTimersByTime(5);
  }
  expect(values.length).toBeGreaterThanOrEqual(8);
  expect(values.length).toBeLessThanOrEqual(10);
  const before = values.length;
  vi.advanceTimersByTime(250);
  expect(values.length - before).toBeLessThanOrEqual(1);
  vi.advanceTimersByTime(5_000);
  expect(values.length - before).toBeLessThanOrEqual(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('a change after a quiet time is told without delay', () => {
  const { values, listener } = keeper<number>();
  broadcast.onSnapshot(listener);
  vi.advanceTimersByTime(10_000);
  broadcast.changed();
  vi.advanceTimersByTime(1);
  expect(values).toEqual([1, 2]);
});

test('while nobody listens nothing is computed, not even a change that was due', () => {
  broadcast.changed();
  broadcast.event(1);
  expect(vi.getTimerCount()).toBe(0);
  const leave = broadcast.onSnapshot(() => {});
  broadcast.changed();
  leave();
  vi.advanceTimersByTime(1_000);
  expect(taken).toBe(1);
  const { values, listener } = keeper<number>();
  broadcast.onSnapshot(listener);
  broadcast.changed();
  vi.advanceTimersByTime(250);
  expect(values).toEqual([2, 3]);
});

test('events go out in small batches, in order, each once, and are a change too', () => {
  const [events, snapshots] = [keeper<readonly number[]>(), keeper<number>()];
  broadcast.onEvents(events.listener);
  broadcast.onSnapshot(snapshots.listener);
  broadcast.event(1);
  broadcast.event(2);
  expect(events.values).toEqual([]);
  vi.advanceTimersByTime(50);
  broadcast.event(3);
  vi.advanceTimersByTime(50);
  expect(events.values).toEqual([[1, 2], [3]]);
  vi.advanceTimersByTime(250);
  expect(snapshots.values.length).toBeGreaterThanOrEqual(2);
});

test('a flood of events becomes a batch of the newest five hundred', () => {
  const { values, listener } = keeper<readonly number[]>();
  broadcast.onEvents(listener);
  for (let event = 1; event <= 2_000; event += 1) broadcast.event(event);
  vi.advanceTimersByTime(50);
  expect(values).toEqual([Array.from({ length: 500 }, (_, index) => 1_501 + index)]);
});

test('who has left is told nothing more, the others are', () => {
  const [stays, leaves] = [keeper<readonly number[]>(), keeper<readonly number[]>()];
  broadcast.onEvents(stays.listener);
  const leave = broadcast.onEvents(leaves.listener);
  broadcast.event(1);
  leave();
  vi.advanceTimersByTime(50);
  expect([stays.values, leaves.values]).toEqual([[[1]], []]);
});

test('close leaves no timer and tells nothing more', () => {
  const [events, snapshots] = [keeper<readonly number[]>(), keeper<number>()];
  broadcast.onEvents(events.listener);
  broadcast.onSnapshot(snapshots.listener);
  broadcast.event(1);
  broadcast.close();
  broadcast.event(2);
  broadcast.changed();
  vi.advanceTimersByTime(1_000);
  expect([events.values, snapshots.values]).toEqual([[], [1]]);
  expect(vi.getTimerCount()).toBe(0);
});
