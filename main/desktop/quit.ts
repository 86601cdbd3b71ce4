/**
 * Quitting in order: whoever asks (menu, ⌘Q, signal, control verb), first everything supervised is
 * stopped, then Electron goes on to quit with exit code 0. A stop that hangs does not hold the
 * user's log-off for ever: after the deadline the children's own safety net catches them.
 */
import type { ServiceStatus } from '../../shared/status.ts';

export interface QuitOptions {
  readonly app: Pick<Electron.App, 'exit' | 'on' | 'quit'>;
  /** Where a mistake has left its exit code. */
  readonly process: Pick<NodeJS.Process, 'exitCode'>;
  /** Ends what is supervised; called once. */
  readonly stop: () => Promise<void>;
  /** What has not ended yet, each with its state; named when the deadline is over. */
  readonly unfinished: () => readonly string[];
  /** Told when the stop failed or took too long; the quit goes on all the same. */
  readonly onProblem: (error: unknown) => void;
  readonly deadlineMs: number;
}

/** Makes `app.quit()` stop everything first. The returned function tells whether that has been done. */
export function stopBeforeQuit(options: QuitOptions): () => boolean {
  const { app, process, stop, unfinished, onProblem, deadlineMs } = options;
  let progress: 'running' | 'stopping' | 'stopped' = 'running';
  app.on('before-quit', (event) => {
    if (progress === 'stopped') return;
    event.preventDefault();
    if (progress === 'stopping') return; // Electron's own signal handler and ours both ask.
    progress = 'stopping';
    void withinDeadline(stop(), deadlineMs, unfinished)
      .catch(onProblem)
      .then(() => {
        progress = 'stopped';
        // Electron's quit knows no exit code but 0.
        if (process.exitCode === undefined) app.quit();
        else app.exit(Number(process.exitCode));
      });
  });
  return () => progress === 'stopped';
}

async function withinDeadline(
  work: Promise<void>,
  deadlineMs: number,
  unfinished: () => readonly string[],
): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(lateMessage(unfinished(), deadlineMs))),
    deadlineMs,
  );
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function lateMessage(unfinished: readonly string[], deadlineMs: number): string {
  const what = unfinished.length === 0 ? '' : ` Still there: ${unfinished.join('; ')}.`;
  return `The services were not stopped within ${deadlineMs} ms.${what}`;
}

/** The services that have not ended, as a person wants to read it. */
export function unfinishedServices(services: readonly ServiceStatus[]): readonly string[] {
  return services
    .filter(({ pid }) => pid !== null)
    .map(({ displayName, pid, reason }) => `${displayName} (process ${pid}, ${reason})`);
}

/**
 * Signals ask for the same orderly quit. Electron does so for the first signal by itself, but would die
 * of the second, and Ctrl-C in a terminal comes twice: from the terminal, and from npm's `electron`.
 */
export function quitOnSignals(
  process: Pick<NodeJS.Process, 'on'>,
  app: Pick<Electron.App, 'quit'>,
): void {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => app.quit());
  }
}

/**
 * An exception that nobody caught leaves the program in a state that nobody knows: everything is
 * stopped in order, with exit code 1. (Electron itself would show a dialog and go on.) A promise
 * that nobody waited for is only reported: it may be the user interface's, which stops no service.
 */
export function quitOnMistakes(
  process: Pick<NodeJS.Process, 'on' | 'exitCode'>,
  app: Pick<Electron.App, 'quit'>,
  report: (error: unknown) => void,
): void {
  process.on('unhandledRejection', report);
  process.on('uncaughtException', (error) => {
    report(error);
    process.exitCode = 1;
    app.quit();
  });
}
