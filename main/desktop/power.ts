/** What the machine's power means for the supervisor. */

/**
 * Quits in order when the system shuts down (Linux, macOS; Windows tells the window), and asks it to wait
 * for that: without the word, children would be killed in the middle of a write.
 */
export function quitOnShutdown(
  powerMonitor: Pick<Electron.PowerMonitor, 'on'>,
  app: Pick<Electron.App, 'quit'>,
): void {
  // Electron hands over an event (docs/api/power-monitor.md, "shutdown"), though its types do not say so.
  powerMonitor.on('shutdown', (...given: readonly unknown[]) => {
    const [event] = given as readonly Partial<Pick<Electron.Event, 'preventDefault'>>[];
    event?.preventDefault?.();
    app.quit();
  });
}
