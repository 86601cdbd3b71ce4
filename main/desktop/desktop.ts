/**
 * Puts the user interface together: page, window, tray. Each part may fail without the others and
 * without the supervisor (old weakness W31: a GUI that did not load made the supervisor invisible).
 */
import { join } from 'node:path';
import {
  app,
  clipboard,
  ipcMain,
  type NativeImage,
  nativeTheme,
  protocol,
  shell,
  type WebContents,
} from 'electron';
import { api } from '../../shared/api.ts';
import type { Config } from '../../shared/config-schema.ts';
import type { Reply } from '../../shared/control-protocol.ts';
import type { StampedEvent } from '../../shared/events.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { Attempt } from './attempt.ts';
import { browserInstead } from './browser-instead.ts';
import { serveBundle } from './bundle-scheme.ts';
import { configWindow } from './config-window.ts';
import { openExternal, openFile } from './hardening.ts';
import { hiddenNotice } from './hidden-notice.ts';
import { appIconFile, trayPanel } from './icons.ts';
import { type Pages, serve } from './ipc.ts';
import { isPageVisible, type WindowParts } from './page-window.ts';
import { StatusWindow } from './status-window.ts';
import { systemNotices } from './system-notices.ts';
import { createSystemTray, trayImage } from './system-tray.ts';
import { TrayIcon } from './tray.ts';
import { trayActions } from './tray-actions.ts';
import { mustShow, type TrayHost } from './tray-host.ts';

/** What the user interface needs of the supervisor. */
export interface Supervised {
  readonly config: Pick<Config, 'desktop'>;
  snapshot(): StatusSnapshot;
  /** Somebody sees what services use: it is measured for a while. */
  glance(): void;
  control(request: unknown): Promise<Reply>;
  /** An address as a browser may open it: one of our own page lets that browser in. */
  browserUrl(address: string): string;
  onSnapshot(listener: (snapshot: StatusSnapshot) => void): () => void;
  onEvents(listener: (events: readonly StampedEvent[]) => void): () => void;
}

export interface DesktopOptions {
  readonly supervisor: Supervised;
  readonly attempt: Attempt;
  /** Start with the tray alone. */
  readonly hidden: boolean;
  /** Registers the program to start at log-in, or takes it away. */
  readonly setLoginItem: (wanted: boolean) => Promise<void>;
  /** Finds out whether anything draws the tray icon. */
  readonly findTrayHost: () => Promise<TrayHost>;
  /** True once everything has been stopped and windows may really close. */
  readonly isStopped: () => boolean;
}

/** Opens tray and window; never throws. */
export function openDesktop(options: DesktopOptions): StatusWindow {
  const { supervisor, attempt, hidden, isStopped } = options;
  const appPath = app.getAppPath();
  const iconFile = appIconFile(appPath, process.platform);
  let tray: TrayIcon<NativeImage> | undefined;
  let trayHost: TrayHost = 'unknown';

  serveBundle(protocol, join(appPath, 'out/renderer'));
  const pages = servePages(supervisor);
  const parts = windowParts(options, pages);
  const editor = configWindow(parts, isStopped);
  const window: StatusWindow = new StatusWindow({
    ...parts,
    onCloseButton: () => {
      if (isStopped()) return 'close';
      return tray === undefined || trayHost === 'missing' ? 'quit' : 'hide';
    },
    onHiddenByUser: hiddenNotice(iconFile, () => window.setVisible(true)),
    onQuitWanted: () => app.quit(),
  });
  const perform = trayActions({
    control: (request) => supervisor.control(request),
    showWindow: () => window.setVisible(true),
    editConfig: () => editor.show(),
    clipboard,
    shell,
    app,
    attempt,
  });
  attempt('show the tray icon', () => {
    tray = new TrayIcon(
      {
        create: (image) => createSystemTray(image, perform),
        image: (health, panel) => trayImage(appPath, health, panel),
        panel: () => trayPanel(nativeTheme, process.platform),
        attempt,
      },
      supervisor.snapshot(),
    );
  });
  nativeTheme.on('updated', () => tray?.repaint());
  app.on('will-quit', () => tray?.[Symbol.dispose]());
  tellNews(options, pages, {
    render: (snapshot) => tray?.render(snapshot),
    onNoticeClick: () => window.setVisible(true),
  });

  // Without a tray (some Linux desktops) the window is the only way in, and its X the only way out.
  const startsHidden = hidden || supervisor.config.desktop.start_hidden;
  if (!startsHidden || tray === undefined) window.setVisible(true);
  attempt('find out whether the tray icon can be seen', async () => {
    trayHost = await options.findTrayHost();
    if (startsHidden && (await mustShow(trayHost, trayNote()))) window.setVisible(true);
  });
  return window;
}

/** Answers what the pages of the windows ask. */
function servePages(supervisor: Supervised): Pages<WebContents> {
  return serve({
    ipcMain,
    contract: api,
    handlers: {
      control: (request) => supervisor.control(request),
      openExternal: (address) =>
        openExternal(shell, typeof address === 'string' ? supervisor.browserUrl(address) : address),
      openConfigFile: () => openFile(shell, supervisor.snapshot().config.path),
    },
    latest: {
      snapshot: () => {
        supervisor.glance();
        return supervisor.snapshot();
      },
    },
    isVisible: isPageVisible,
  });
}

function windowParts(
  { supervisor, attempt }: DesktopOptions,
  pages: Pages<WebContents>,
): WindowParts {
  const appPath = app.getAppPath();
  const iconFile = appIconFile(appPath, process.platform);
  return {
    preloadFile: join(appPath, 'out/preload/index.cjs'),
    iconFile,
    attempt,
    onShown: (page) => pages.catchUp(page),
    hasSpoken: (page) => pages.hasSpoken(page),
    onUseless: browserInstead({
      iconFile,
      pageUrl: () => supervisor.snapshot().pageUrl,
      open: (url) => openExternal(shell, supervisor.browserUrl(url)),
      attempt,
    }),
  };
}

/** Lets tray, pages, notifications and login item follow what the supervisor says. */
function tellNews(
  options: DesktopOptions,
  pages: Pages<WebContents>,
  views: {
    readonly render: (snapshot: StatusSnapshot) => void;
    readonly onNoticeClick: () => void;
  },
): void {
  const { supervisor, attempt } = options;
  const keepLoginItem = loginItemKeeper(options);
  keepLoginItem();
  const notify = systemNotices({
    first: supervisor.snapshot(),
    iconFile: appIconFile(app.getAppPath(), process.platform),
    isWanted: () => supervisor.config.desktop.notifications,
    onClick: views.onNoticeClick,
  });
  supervisor.onSnapshot((snapshot) => {
    attempt('say what happened', () => notify(snapshot));
    keepLoginItem();
    attempt('show a new state', () => {
      views.render(snapshot);
      if (pages.push('snapshot', snapshot)) supervisor.glance();
    });
  });
  supervisor.onEvents((events) => {
    attempt('show new events', () => void pages.push('events', events));
  });
}

/** Returns the function that follows `[desktop] login_item`; only a change of it does anything. */
function loginItemKeeper({ supervisor, attempt, setLoginItem }: DesktopOptions): () => void {
  let kept: boolean | undefined;
  return () => {
    const wanted = supervisor.config.desktop.login_item;
    if (wanted === kept) return;
    kept = wanted;
    attempt('set what starts at log-in', () => setLoginItem(wanted));
  };
}

/** Notes that the window was shown because nobody could tell whether the tray is drawn. */
function trayNote(): string {
  return join(app.getPath('userData'), 'shown-without-tray');
}
