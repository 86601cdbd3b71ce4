/** What the operating system knows the program as, and where its crashes go. */

/** Windows shows notifications only of a program whose name is that of its shortcut (`appId`). */
export const appUserModelId = 'dev.project-memory.supervisor';

/**
 * Keeps the memory dumps of crashed processes in Electron's own folder, which only the user can read, and
 * sends nothing anywhere: a dump may hold what the process had in mind, tokens too.
 */
export function keepCrashDumps(crashReporter: Pick<Electron.CrashReporter, 'start'>): void {
  crashReporter.start({ uploadToServer: false });
}

/** macOS: a program that has only its menu bar icon to show has no place in the dock. */
export function followDock(
  app: Pick<Electron.App, 'dock' | 'on'>,
  isAnyVisible: () => boolean,
  onProblem: (error: unknown) => void,
): void {
  const { dock } = app;
  if (dock === undefined) return; // Another system.
  const follow = () => {
    if (isAnyVisible()) dock.show().catch(onProblem);
    else dock.hide();
  };
  follow();
  app.on('browser-window-created', (_event, window) => {
    window.on('show', follow);
    window.on('hide', follow);
    window.on('closed', follow);
  });
}
