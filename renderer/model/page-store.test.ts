import { expect, test } from 'vitest';
import { createFakeBridge } from '../fixtures/fake-bridge.ts';
import { eventFixtures, snapshotFixture } from '../fixtures/snapshot.ts';
import { createPageStore, type FrameHost } from './page-store.ts';

/** A page that can be hidden and seen, whose frames are drawn by hand. */
class FakePage implements FrameHost {
  readonly frames: (() => void)[] = [];
  readonly cancelled: number[] = [];
  readonly document = Object.assign(new EventTarget(), { hidden: false });

  requestAnimationFrame = (callback: () => void): number => this.frames.push(callback);
  cancelAnimationFrame = (handle: number): void => {
    this.cancelled.push(handle);
  };

  setHidden(hidden: boolean): void {
    this.document.hidden = hidden;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

/** A store that somebody shows, with the number of times it was drawn. */
function watchedStore() {
  const page = new FakePage();
  const bridge = createFakeBridge();
  const store = createPageStore(bridge, page);
  let redraws = 0;
  store.subscribe(() => {
    redraws += 1;
  });
  return { page, bridge, store, redraws: () => redraws };
}

test('a thousand pieces of news within one frame cause one redraw', () => {
  const { page, bridge, store, redraws } = watchedStore();
  bridge.tellSnapshot(snapshotFixture({ recentEvents: [] }));
  for (let id = 1; id <= 1_000; id += 1) bridge.tellEvents(eventFixtures(1, id));
  expect(redraws()).toBe(0);
  expect(page.frames).toHaveLength(1);
  page.frames[0]?.();
  expect(redraws()).toBe(1);
  expect(store.getState().events[0]?.id).toBe(1_000);
});

test('after the last subscriber has gone the bridge is left alone', () => {
  const page = new FakePage();
  const bridge = createFakeBridge();
  const store = createPageStore(bridge, page);
  const unsubscribe = store.subscribe(() => undefined);
  bridge.tellConnection('live');
  unsubscribe();
  expect(page.cancelled).toEqual([1]);
  bridge.tellSnapshot(snapshotFixture());
  expect(store.getState().snapshot).toBeNull();
});

test('a hidden page asks for no frame; seen again it shows the newest in one', () => {
  const { page, bridge, store, redraws } = watchedStore();
  bridge.tellConnection('live');
  page.setHidden(true);
  expect(page.cancelled).toEqual([1]);
  bridge.tellSnapshot(snapshotFixture({ recentEvents: [] }));
  for (let id = 1; id <= 500; id += 1) bridge.tellEvents(eventFixtures(1, id));
  expect(page.frames).toHaveLength(1);
  page.setHidden(false);
  expect(page.frames).toHaveLength(2);
  page.frames[1]?.();
  expect(redraws()).toBe(1);
  expect(store.getState().events[0]?.id).toBe(500);
});

test('seen again without news, the page draws nothing', () => {
  const page = new FakePage();
  const store = createPageStore(createFakeBridge(), page);
  store.subscribe(() => undefined);
  page.setHidden(true);
  page.setHidden(false);
  expect(page.frames).toEqual([]);
});
