/** What the machine's power means for the supervisor. */

type PowerMonitor = Pick<Electron.PowerMonitor, 'on'>;

/**
 * Quits in order when the session ends, and asks the system to wait for that: without the word, children
 * would be killed in the middle of a write. Linux and macOS tell the power monitor, Windows each window.
 */
export function quitOnShutdown(
  powerMonitor: PowerMonitor,
  app: Pick<Electron.App, 'on' | 'quit'>,
): void {
  // Electron hands over an event (docs/api/power-monitor.md, "shutdown"), though its types do not say so.
  powerMonitor.on('shutdown', (...given: readonly unknown[]) => {
    const [event] = given as readonly Partial<Pick<Electron.Event, 'preventDefault'>>[];
    event?.preventDefault?.();
    app.quit();
  });
  app.on('browser-window-created', (_event, window) => {
    window.on('session-end', () => app.quit());
  });
}

/**
 * Writes down when the machine slept: what the log says next is then no riddle. Nothing has to be set right
 * afterwards; whatever measures absence takes no time for silence in which nobody could have been heard
 * (`services/awake.ts`, `pool/caretaker.ts`, `clients/clients.ts`).
 */
export function noteSleep(powerMonitor: PowerMonitor, note: (text: string) => void): void {
  let sinceMs: number | undefined;
  powerMonitor.on('suspend', () => {
    sinceMs = Date.now(); // The only clock that runs on in a sleep on every system.
    note('The machine goes to sleep.');
  });
  powerMonitor.on('resume', () => {
    const seconds = sinceMs === undefined ? null : Math.round((Date.now() - sinceMs) / 1_000);
    sinceMs = undefined;
    note(`The machine is awake again${seconds === null ? '' : ` after ${seconds} s`}.`);
  });
}
