import type { EventEmitter } from 'node:events';
import { beforeEach, expect, test, vi } from 'vitest';
import { showNotification } from './show-notification.ts';

/** What Electron holds: weakly, as in electron issue 16922. */
const shown = vi.hoisted(() => ({
  isSupported: true,
  weakly: [] as WeakRef<EventEmitter>[],
}));

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events');
  return {
    Notification: class extends Emitter {
      static isSupported = () => shown.isSupported;
      show() {
        shown.weakly.push(new WeakRef(this));
      }
    },
  };
});

beforeEach(() => {
  shown.isSupported = true;
  shown.weakly.length = 0;
});

const onClick = vi.fn();

function show(): boolean {
  return showNotification({ title: 'A', body: 'B', iconFile: 'icon.png', onClick });
}

test('a click counts however late it comes, also after the garbage was collected', async () => {
  show();
  await collectGarbage();
  const [notification] = shown.weakly;
  notification?.deref()?.emit('click');
  expect(onClick).toHaveBeenCalledOnce();
});

test('what was closed is let go, and of many only the newest are held', async () => {
  for (let count = 0; count < 30; count += 1) show();
  shown.weakly.at(-1)?.deref()?.emit('close');
  await collectGarbage();
  const alive = shown.weakly.map((each) => each.deref() !== undefined);
  expect(alive.filter(Boolean)).toHaveLength(19);
  expect(alive.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => false));
});

test('a system without notifications is no mistake', () => {
  shown.isSupported = false;
  expect([show(), shown.weakly.length]).toEqual([false, 0]);
});

/** Runs the collector, which Node offers to the inspector; a weak reference is cleared in a later turn. */
async function collectGarbage(): Promise<void> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  await new Promise((resolve) => setImmediate(resolve));
  await session.post('HeapProfiler.collectGarbage');
  await new Promise((resolve) => setImmediate(resolve));
  session.disconnect();
}
