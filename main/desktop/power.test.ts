import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noteSleep, quitOnShutdown } from './power.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An application and a power monitor that only tell what happens. */
function machine() {
  const app = Object.assign(new EventEmitter(), { quit: vi.fn() });
  const power = new EventEmitter();
  quitOnShutdown(power as unknown as Electron.PowerMonitor, app as unknown as Electron.App);
  return { app, power };
}

test('a shutdown of the system waits until everything has ended in order', () => {
  const { app, power } = machine();
  const preventDefault = vi.fn();
  power.emit('shutdown', { preventDefault });
  expect([preventDefault.mock.calls.length, app.quit.mock.calls.length]).toEqual([1, 1]);
  power.emit('shutdown');
  expect(app.quit).toHaveBeenCalledTimes(2);
});

test('Windows tells the end of the session to a window, of whichever page', () => {
  const { app } = machine();
  const window = new EventEmitter();
  app.emit('browser-window-created', {}, window);
  window.emit('session-end', { reasons: ['shutdown'] });
  expect(app.quit).toHaveBeenCalledOnce();
});

test('a sleep of the machine is written down with how long it was', () => {
  const power = new EventEmitter();
  const notes: string[] = [];
  noteSleep(power as unknown as Electron.PowerMonitor, (text) => notes.push(text));
  power.emit('suspend');
  vi.setSystemTime(Date.now() + 3_600_000);
  power.emit('resume');
  power.emit('resume');
  expect(notes).toEqual([
    'The machine goes to sleep.',
    'The machine is awake again after 3600 s.',
    'The machine is awake again.',
  ]);
});
