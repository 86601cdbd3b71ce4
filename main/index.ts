/**
 * The Electron entry, as a table of contents. What must happen before `ready` comes first and without
 * any `await`: Electron reads the data folder, the lock, the scheme and the sandbox switch only once.
 */
import { writeFile } from 'node:fs/promises';
import { app, BrowserWindow, crashReporter, powerMonitor, protocol, session } from 'electron';
import type { Logger } from 'pino';
import { type Boot, boot } from './boot.ts';
import { type CommandLine, readCommandLine } from './command-line.ts';
import { setApplicationMenu } from './desktop/application-menu.ts';
import { attempts } from './desktop/attempt.ts';
import { registerBundleScheme } from './desktop/bundle-scheme.ts';
import { openDesktop, type Supervised } from './desktop/desktop.ts';
import {
  blockForeignRequests,
  blockNavigationAndWindows,
  denyPermissions,
} from './desktop/hardening.ts';
import { appUserModelId, followDock, keepCrashDumps } from './desktop/identity.ts';
import { loginItemOf, setLoginItem } from './desktop/login-item.ts';
import { withPackagedNode } from './desktop/packaged-node.ts';
import { noteSleep, quitOnShutdown } from './desktop/power.ts';
import {
  quitOnMistakes,
  quitOnSignals,
  stopBeforeQuit,
  unfinishedServices,
} from './desktop/quit.ts';
import { startArguments, userDataFolder } from './desktop/start-arguments.ts';
import type { StatusWindow } from './desktop/status-window.ts';
import { askPrograms, findTrayHost, type TrayHost } from './desktop/tray-host.ts';
import { outliveTerminal } from './outlive-terminal.ts';

const stopDeadlineMs = 15_000;

const args = startArguments(process.argv, process.defaultApp ? 'electron-command' : 'package');
const commandLine = readCommandLine(args);
/** Until there is a log, and if there never is one. */
let log: Pick<Logger, 'error'> = console;
let booting: Promise<Boot> | undefined;
let supervised: Pick<Supervised, 'snapshot'> | undefined;
/** Wishes to see the window that come before there is one wait for it here. */
const opened = Promise.withResolvers<StatusWindow>();

app.setAppUserModelId(appUserModelId);
if (typeof commandLine === 'string' || asksOnly(commandLine)) {
  start(); // A question (or a complaint) is answered beside a running instance.
} else {
  const configFile = commandLine.config ?? process.env['PM_SUPERVISOR_CONFIG'];
  app.setPath('userData', userDataFolder(app.getPath('userData'), configFile));
  if (app.requestSingleInstanceLock({ hidden: commandLine.hidden })) start();
  else app.exit(0); // The first instance was told and shows its window.
}

function start(): void {
  registerBundleScheme(protocol);
  app.enableSandbox();
  keepCrashDumps(crashReporter);
  blockNavigationAndWindows(app);
  const isStopped = stopBeforeQuit({
    app,
    process,
    stop: stopSupervisor,
    unfinished: () => unfinishedServices(supervised?.snapshot().services ?? []),
    onProblem: (error) => log.error({ err: error }, 'Not everything stopped; quitting anyway.'),
    deadlineMs: stopDeadlineMs,
  });
  outliveTerminal([process.stdout, process.stderr]);
  quitOnSignals(process, app);
  quitOnMistakes(process, app, (error) => log.error({ err: error }, 'A mistake of the program.'));
  app.on('window-all-closed', () => {}); // The supervisor lives in the tray, not in its window.
  app.on('activate', () => setWindowVisible(true));
  app.on('child-process-gone', (_event, gone) => {
    if (gone.reason !== 'clean-exit') log.error(gone, 'A helper process of Electron has ended.');
  });
  app.on('second-instance', (_event, _argv, _folder, wish) => {
    if (!isHiddenStart(wish)) setWindowVisible(true);
  });
  app
    .whenReady()
    .then(() => run(isStopped))
    .catch(fail);
}

async function run(isStopped: () => boolean): Promise<void> {
  denyPermissions(session.defaultSession);
  blockForeignRequests(session.defaultSession);
  setApplicationMenu(process.platform);
  followDock(app, isAnyWindowVisible, (error) =>
    log.error({ err: error }, 'No place in the dock.'),
  );
  quitOnShutdown(powerMonitor, app);

  booting = boot(args, withPackagedNode(process, app), {
    mode: 'desktop',
    setWindowVisible,
    quit: () => app.quit(),
  });
  const booted = await booting;
  if (booted.kind === 'exit') {
    app.exit(booted.code);
    return;
  }
  const { supervisor, logger, pageUrl, options } = booted;
  log = logger;
  supervised = supervisor;
  noteSleep(powerMonitor, (text) => logger.info(text));
  // As in headless mode: whatever becomes of tray and window, the terminal has the way in.
  process.stdout.write(`Status page: ${pageUrl ?? 'off'}\n`);
  const attempt = attempts(logger, supervisor.snapshot().pageUrl);
  attempt('open the user interface', async () => {
    const { hidden } = options;
    const item = loginItemOf(app, process, options.config ?? process.env['PM_SUPERVISOR_CONFIG']);
    opened.resolve(
      openDesktop({
        supervisor,
        attempt,
        hidden,
        setLoginItem: (wanted) => setLoginItem(item, wanted),
        findTrayHost: trayHost,
        isStopped,
      }),
    );
    const readyFile = process.env['PM_SUPERVISOR_READY_FILE'];
    if (readyFile !== undefined) await writeFile(readyFile, 'ready\n');
  });
}

async function stopSupervisor(): Promise<void> {
  const booted = await booting;
  if (booted?.kind === 'running') await booted.supervisor.stop('quit');
}

function setWindowVisible(visible: boolean): void {
  void opened.promise.then((window) => window.setVisible(visible));
}

function isAnyWindowVisible(): boolean {
  return BrowserWindow.getAllWindows().some((window) => window.isVisible());
}

/** Windows and macOS draw every tray icon. */
async function trayHost(): Promise<TrayHost> {
  return process.platform === 'linux' ? await findTrayHost(askPrograms(process.env)) : 'there';
}

function asksOnly({ help, version, checkConfig }: CommandLine): boolean {
  return help || version || checkConfig;
}

/** A start at log-in (`--hidden`) does not pop up the window of one that already runs. */
function isHiddenStart(wish: unknown): boolean {
  return typeof wish === 'object' && wish !== null && 'hidden' in wish && wish.hidden === true;
}

function fail(error: unknown): void {
  log.error({ err: error }, 'The supervisor could not be started.');
  app.exit(1);
}
