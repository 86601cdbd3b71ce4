import { expect, test } from 'vitest';
import { createFakeBridge } from '../fixtures/fake-bridge.ts';
import { eventFixtures, snapshotFixture } from '../fixtures/snapshot.ts';
import { createPageStore } from './page-store.ts';

test('a thousand pieces of news within one frame cause one redraw', () => {
  const frames: (() => void)[] = [];
  const bridge = createFakeBridge();
  const store = createPageStore(bridge, {
    requestAnimationFrame: (callback) => frames.push(callback),
    cancelAnimationFrame: () => undefined,
  });
  let redraws = 0;
  store.subscribe(() => {
    redraws += 1;
  });
  bridge.tellSnapshot(snapshotFixture({ recentEvents: [] }));
  for (let id = 1; id <= 1_000; id += 1) bridge.tellEvents(eventFixtures(1, id));
  expect(redraws).toBe(0);
  expect(frames).toHaveLength(1);
  frames[0]?.();
  expect(redraws).toBe(1);
  expect(store.getState().events[0]?.id).toBe(1_000);
});

test('after the last subscriber has gone the bridge is left alone', () => {
  const cancelled: number[] = [];
  const bridge = createFakeBridge();
  const store = createPageStore(bridge, {
    requestAnimationFrame: () => 7,
    cancelAnimationFrame: (handle) => cancelled.push(handle),
  });
  const unsubscribe = store.subscribe(() => undefined);
  bridge.tellConnection('live');
  unsubscribe();
  expect(cancelled).toEqual([7]);
  bridge.tellSnapshot(snapshotFixture());
  expect(store.getState().snapshot).toBeNull();
});
