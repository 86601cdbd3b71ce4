import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { serviceIn } from './fixtures.ts';
import { quitOnMistakes, quitOnSignals, stopBeforeQuit, unfinishedServices } from './quit.ts';

/** An app that quits as Electron's does: unless `before-quit` is prevented. */
function fakeApp() {
  const events = new EventEmitter();
  const app = {
    hasQuit: false,
    exitedWith: undefined as number | undefined,
    exit(code: number) {
      app.exitedWith = code;
    },
    quit() {
      let prevented = false;
      const preventDefault = () => {
        prevented = true;
      };
      events.emit('before-quit', { preventDefault });
      if (!prevented) app.hasQuit = true;
    },
    on: (name: string, listener: (event: object) => void) => events.on(name, listener),
  };
  return app as typeof app & Pick<Electron.App, 'exit' | 'on' | 'quit'>;
}

test('quitting stops everything once, however often it is asked for, and then quits', async () => {
  const app = fakeApp();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = vi.fn(() => promise);
  const onProblem = vi.fn();
  const isStopped = stopBeforeQuit({
    app,
    process: { exitCode: undefined },
    stop,
    unfinished: () => [],
    onProblem,
    deadlineMs: 15_000,
  });
  app.quit();
  app.quit();
  expect([app.hasQuit, isStopped(), stop.mock.calls.length]).toEqual([false, false, 1]);
  resolve();
  await vi.waitUntil(() => app.hasQuit, patience);
  expect([isStopped(), stop.mock.calls.length, onProblem.mock.calls.length]).toEqual([true, 1, 0]);
});

test('a stop that hangs is given up after the deadline, naming what hangs', async () => {
  const app = fakeApp();
  const problems: unknown[] = [];
  const never = new Promise<void>(() => {});
  const onProblem = (error: unknown) => problems.push(error);
  stopBeforeQuit({
    app,
    process: { exitCode: undefined },
    stop: () => never,
    unfinished: () =>
      unfinishedServices([{ ...serviceIn('stopping'), pid: 42 }, serviceIn('stopped')]),
    onProblem,
    deadlineMs: 20,
  });
  app.quit();
  await vi.waitUntil(() => app.hasQuit, patience);
  expect(problems).toEqual([
    new Error(
      'The services were not stopped within 20 ms. Still there: MCP (process 42, because of the test).',
    ),
  ]);
});

test('a stop that fails does not keep the program alive', async () => {
  const app = fakeApp();
  const problems: unknown[] = [];
  const stop = () => Promise.reject(new Error('no'));
  stopBeforeQuit({
    app,
    process: { exitCode: undefined },
    stop,
    unfinished: () => [],
    onProblem: (error) => problems.push(error),
    deadlineMs: 15_000,
  });
  app.quit();
  await vi.waitUntil(() => app.hasQuit, patience);
  expect(problems).toEqual([new Error('no')]);
});

test('a second Ctrl-C asks again and kills nothing', () => {
  const signals = new EventEmitter();
  const quit = vi.fn();
  quitOnSignals(signals as unknown as NodeJS.Process, { quit });
  signals.emit('SIGINT');
  signals.emit('SIGINT');
  signals.emit('SIGTERM');
  expect(quit).toHaveBeenCalledTimes(3);
});

test('an uncaught exception stops everything and is told by the exit code', async () => {
  const app = fakeApp();
  const reports: unknown[] = [];
  const process = new EventEmitter() as EventEmitter & { exitCode: number | undefined };
  const stop = vi.fn(async () => {});
  stopBeforeQuit({
    app,
    process,
    stop,
    unfinished: () => [],
    onProblem: (error) => reports.push(error),
    deadlineMs: 15_000,
  });
  quitOnMistakes(process as unknown as NodeJS.Process, app, (error) => reports.push(error));
  process.emit('unhandledRejection', 'a promise');
  expect(stop).not.toHaveBeenCalled();
  process.emit('uncaughtException', 'an exception');
  await vi.waitUntil(() => app.exitedWith !== undefined, patience);
  expect([app.exitedWith, stop.mock.calls.length]).toEqual([1, 1]);
  expect(reports).toEqual(['a promise', 'an exception']);
});
