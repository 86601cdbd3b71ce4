import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { quitOnShutdown } from './power.ts';

test('a shutdown of the system waits until everything has ended in order', () => {
  const power = new EventEmitter();
  const quit = vi.fn();
  quitOnShutdown(power as unknown as Electron.PowerMonitor, { quit });
  const preventDefault = vi.fn();
  power.emit('shutdown', { preventDefault });
  expect([preventDefault.mock.calls.length, quit.mock.calls.length]).toEqual([1, 1]);
  power.emit('shutdown');
  expect(quit).toHaveBeenCalledTimes(2);
});
