import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Attempt } from './attempt.ts';
import { isPageVisible, PageWindow } from './page-window.ts';

/** Electron's windows, as strict as Electron: what was destroyed, or has no native window yet, throws. */
const { FakeWindow, made } = vi.hoisted(() => {
  // Hoisted above the imports, so it brings its own emitter.
  class Emitter {
    readonly listeners = new Map<string, ((...given: unknown[]) => void)[]>();
    on(event: string, listener: (...given: unknown[]) => void) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }
    once(event: string, listener: (...given: unknown[]) => void) {
      this.on(event, listener);
    }
    emit(event: string, ...given: unknown[]) {
      for (const listener of this.listeners.get(event) ?? []) listener(...given);
    }
  }
  const all: FakeWindow[] = [];
  class FakeWindow extends Emitter {
    static fail: Error | null = null;
    static loading = Promise.withResolvers<void>();
    readonly told: string[] = [];
    readonly options: Record<string, unknown>;
    readonly webContents = Object.assign(new Emitter(), {
      isLoadingMainFrame: () => this.isLoading,
    });
    isLoading = true;
    visible = false;
    minimized = false;
    maximized = false;
    destroyed = false;
    bounds = { x: 10, y: 20, width: 800, height: 600 };
    constructor(options: Record<string, unknown>) {
      super();
      if (FakeWindow.fail !== null) throw FakeWindow.fail;
      this.options = options;
      all.push(this);
    }
    static fromWebContents(page: unknown) {
      return all.find(({ webContents }) => webContents === page) ?? null;
    }
    loadURL(url: string) {
      this.told.push(`load ${url}`);
      return FakeWindow.loading.promise;
    }
    show() {
      // Qt's crash of old: raise() before there is a native window.
      if (this.destroyed || this.isLoading) throw new TypeError('Object has been destroyed');
      this.visible = true;
      this.told.push('show');
    }
    hide() {
      this.visible = false;
    }
    focus() {
      this.told.push('focus');
    }
    restore() {
      this.minimized = false;
    }
    maximize() {
      this.maximized = true;
    }
    isVisible() {
      return this.visible;
    }
    isMinimized() {
      return this.minimized;
    }
    isMaximized() {
      return this.maximized;
    }
    isDestroyed() {
      return this.destroyed;
    }
    getNormalBounds() {
      return this.bounds;
    }
    destroy() {
      this.destroyed = true;
      this.emit('closed');
    }
    isReady() {
      this.isLoading = false;
      this.emit('ready-to-show');
    }
    crash() {
      this.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 139 });
    }
  }
  return { FakeWindow, made: all };
});

vi.mock('electron', () => ({ BrowserWindow: FakeWindow }));

beforeEach(() => {
  vi.useFakeTimers();
  made.length = 0;
  FakeWindow.fail = null;
  FakeWindow.loading = Promise.withResolvers<void>();
});
afterEach(() => void vi.useRealTimers());

function pageWindow({ hasSpoken = true } = {}) {
  const problems: string[] = [];
  const attempt: Attempt = (what, step) => {
    const report = (error: unknown) => void problems.push(`${what}: ${error}`);
    try {
      const running = step();
      if (running instanceof Promise) running.catch(report);
      return true;
    } catch (error) {
      report(error);
      return false;
    }
  };
  const onUseless = vi.fn();
  const window = new PageWindow({
    name: 'status window',
    address: 'app://bundle/',
    title: 'Test',
    size: { width: 1080, height: 760 },
    preloadFile: 'preload.cjs',
    iconFile: 'icon.png',
    attempt,
    onShown: () => {},
    hasSpoken: () => hasSpoken,
    onUseless,
    onClose: () => {},
  });
  return { window, problems, onUseless };
}

/** The window that was made last. */
function last() {
  const window = made.at(-1);
  if (window === undefined) throw new Error('No window was made.');
  return window;
}

test('W32 wishes to see the window before it is there make one, and touch nothing too early', () => {
  const { window, problems } = pageWindow();
  window.show();
  window.show();
  window.hide();
  window.show();
  expect([made.length, last().told]).toEqual([1, ['load app://bundle/']]);
  last().isReady();
  expect(last().told).toEqual(['load app://bundle/', 'show', 'focus']);
  expect(problems).toEqual([]);
});

test('W32 a wish to see a window that was closed, minimised or hidden meanwhile is fulfilled', () => {
  const { window, problems } = pageWindow();
  window.show();
  last().isReady();
  last().minimized = true;
  window.show();
  expect([last().minimized, last().told.at(-1)]).toEqual([false, 'focus']);
  window.hide();
  window.show();
  expect(last().visible).toBe(true);
  last().destroy();
  window.hide();
  window.show();
  last().isReady();
  expect([made.length, last().visible, problems]).toEqual([2, true, []]);
});

test('a page that crashed comes back at once, where it was', () => {
  const { window, problems, onUseless } = pageWindow();
  window.show();
  last().isReady();
  last().maximized = true;
  last().bounds = { x: 5, y: 6, width: 700, height: 500 };
  last().crash();
  expect(made).toHaveLength(2);
  expect(last().options).toMatchObject({ x: 5, y: 6, width: 700, height: 500 });
  last().isReady();
  expect([last().visible, last().maximized]).toEqual([true, true]);
  expect(problems).toEqual([
    'keep the page of the status window alive: Error: Its renderer process ended: crashed (exit code 139).',
  ]);
  expect(onUseless).not.toHaveBeenCalled();
});

test('a hidden page that crashed costs nothing until somebody wants it', () => {
  const { window } = pageWindow();
  window.show();
  last().isReady();
  window.hide();
  last().crash();
  expect(made).toHaveLength(1);
  window.show();
  expect(made).toHaveLength(2);
});

test('W31 a page that crashes a fourth time in a minute is given up, one that does so over hours is not', () => {
  const { window, onUseless } = pageWindow();
  window.show();
  for (let crash = 0; crash < 10; crash += 1) {
    last().isReady();
    last().crash();
    vi.advanceTimersByTime(21_000);
  }
  expect([made.length, onUseless.mock.calls.length]).toEqual([11, 0]);
  vi.advanceTimersByTime(60_000);
  for (let crash = 0; crash < 4; crash += 1) {
    last().isReady();
    last().crash();
  }
  expect([made.length, onUseless.mock.calls.length]).toEqual([14, 1]);
  window.show();
  expect(made).toHaveLength(15);
});

test('W31 a window that cannot be made, or not be loaded, is said and is useless', async () => {
  const { window, problems, onUseless } = pageWindow();
  FakeWindow.fail = new Error('No display.');
  window.show();
  FakeWindow.fail = null;
  window.show();
  FakeWindow.loading.reject(new Error('ERR_FAILED'));
  await vi.advanceTimersByTimeAsync(0);
  expect(problems).toEqual([
    'show the status window: Error: No display.',
    'load the status window: Error: ERR_FAILED',
  ]);
  expect(onUseless).toHaveBeenCalledTimes(2);
});

test('a load that was cut short by the end of its window is no failure of the window', async () => {
  const { window, onUseless } = pageWindow();
  window.show();
  FakeWindow.loading.reject(Object.assign(new Error('aborted'), { code: 'ERR_ABORTED' }));
  await vi.advanceTimersByTimeAsync(0);
  expect(onUseless).not.toHaveBeenCalled();
});

test('W31 a page that is loaded and says nothing for ten seconds is useless; one that speaks is not', () => {
  for (const hasSpoken of [true, false]) {
    const { window, onUseless } = pageWindow({ hasSpoken });
    window.show();
    last().webContents.emit('did-finish-load');
    vi.advanceTimersByTime(9_999);
    expect(onUseless).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onUseless).toHaveBeenCalledTimes(hasSpoken ? 0 : 1);
  }
});

test('a page that was closed is not missed', () => {
  const { window, onUseless } = pageWindow({ hasSpoken: false });
  window.show();
  last().webContents.emit('did-finish-load');
  last().destroy();
  vi.advanceTimersByTime(60_000);
  expect([onUseless.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
});

test('a page is seen while its window is shown and not minimised', () => {
  const { window } = pageWindow();
  window.show();
  last().isReady();
  const page = last().webContents as unknown as Electron.WebContents;
  expect(isPageVisible(page)).toBe(true);
  last().minimized = true;
  expect(isPageVisible(page)).toBe(false);
  expect(isPageVisible(new EventEmitter() as unknown as Electron.WebContents)).toBe(false);
});
