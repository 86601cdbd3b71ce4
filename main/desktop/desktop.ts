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
import { serveBundle } from './bundle-scheme.ts';
import { ConfigWindow } from './config-window.ts';
import { openExternal, openFile } from './hardening.ts';
import { hiddenNotice } from './hidden-notice.ts';
import { appIconFile } from './icons.ts';
import { serve } from './ipc.ts';
import { isPageVisible, StatusWindow } from './status-window.ts';
import { systemNotices } from './system-notices.ts';
import { createSystemTray, trayImage } from './system-tray.ts';
import { TrayIcon } from './tray.ts';
import { trayActions } from './tray-actions.ts';

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
  /** True once everything has been stopped and windows may really close. */
  readonly isStopped: () => boolean;
}

/** Opens tray and window; never throws. */
export function openDesktop(options: DesktopOptions): StatusWindow {
  const { supervisor, attempt, hidden, setLoginItem, isStopped } = options;
  const appPath = app.getAppPath();
  const iconFile = appIconFile(appPath, process.platform);
  let tray: TrayIcon<NativeImage> | undefined;

  serveBundle(protocol, join(appPath, 'out/renderer'));
  const pages = serve({
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
  const shared = {
    preloadFile: join(appPath, 'out/preload/index.cjs'),
    iconFile,
    attempt,
    onShown: (page: WebContents) => pages.catchUp(page),
  };
  const configWindow = new ConfigWindow({ ...shared, isStopped });
  const window = new StatusWindow({
    ...shared,
    onCloseButton: () => {
      if (isStopped()) return 'close';
      return tray === undefined ? 'quit' : 'hide';
    },
    onHiddenByUser: hiddenNotice(iconFile),
    onQuitWanted: () => app.quit(),
  });
  const perform = trayActions({
    control: (request) => supervisor.control(request),
    showWindow: () => window.setVisible(true),
    editConfig: () => configWindow.show(),
    clipboard,
    shell,
    app,
    attempt,
  });
  attempt('show the tray icon', () => {
    tray = new TrayIcon(
      {
        create: (image) => createSystemTray(image, perform),
        image: (health) => trayImage(appPath, health),
        attempt,
      },
      supervisor.snapshot(),
    );
  });
  let loginItem: boolean | undefined;
  const keepLoginItem = () => {
    const wanted = supervisor.config.desktop.login_item;
    if (wanted === loginItem) return;
    loginItem = wanted;
    attempt('set what starts at log-in', () => setLoginItem(wanted));
  };
  keepLoginItem();
  const notify = systemNotices({
    first: supervisor.snapshot(),
    iconFile,
    isWanted: () => supervisor.config.desktop.notifications,
    onClick: () => window.setVisible(true),
  });
  supervisor.onSnapshot((snapshot) => {
    attempt('say what happened', () => notify(snapshot));
    keepLoginItem();
    attempt('show a new state', () => {
      tray?.render(snapshot);
      if (pages.push('snapshot', snapshot)) supervisor.glance();
    });
  });
  supervisor.onEvents((events) => {
    attempt('show new events', () => void pages.push('events', events));
  });
  app.on('will-quit', () => tray?.[Symbol.dispose]());
  // Without a tray (some Linux desktops) the window is the only way in, and its X the only way out.
  // A tray that was accepted but is not drawn (GNOME without its extension) cannot be told from one
  // that is: there a second start shows the window.
  const startsHidden = hidden || supervisor.config.desktop.start_hidden;
  if (!startsHidden || tray === undefined) window.setVisible(true);
  return window;
}
