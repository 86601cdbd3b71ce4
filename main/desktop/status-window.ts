/**
 * The one window. It does not exist until somebody wants to see it (a hidden renderer costs some 80 MB),
 * and is hidden, not closed, by its X as long as there is a tray to bring it back. A crashed renderer
 * takes the window with it; the next wish to see it makes a new one.
 */
import { BrowserWindow, type WebContents } from 'electron';
import type { Attempt } from './attempt.ts';
import { bundleUrl } from './bundle-scheme.ts';

export interface StatusWindowOptions {
  readonly preloadFile: string;
  readonly iconFile: string;
  readonly attempt: Attempt;
  /** What the X means at this moment. */
  readonly onCloseButton: () => 'hide' | 'quit' | 'close';
  /** The window became visible: its page wants what it missed. */
  readonly onShown: (page: WebContents) => void;
  /** The X hid the window. */
  readonly onHiddenByUser: () => void;
  readonly onQuitWanted: () => void;
}

/** Owns the window from the first wish to see it. */
export class StatusWindow {
  readonly #options: StatusWindowOptions;
  #window: BrowserWindow | undefined;

  constructor(options: StatusWindowOptions) {
    this.#options = options;
  }

  /** Shows (and focuses) or hides the window. What goes wrong is reported, never thrown. */
  setVisible(visible: boolean): void {
    this.#options.attempt(visible ? 'show the status window' : 'hide the status window', () => {
      if (visible) this.#show();
      else this.#window?.hide();
    });
  }

  #show(): void {
    const window = this.#window;
    if (window === undefined) {
      this.#open();
      return;
    }
    // A window that is still loading shows itself when it has something to show.
    if (window.webContents.isLoadingMainFrame() && !window.isVisible()) return;
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  #open(): void {
    const { preloadFile, iconFile } = this.#options;
    const window = new BrowserWindow({
      width: 1080,
      height: 760,
      minWidth: 360,
      minHeight: 480,
      show: false,
      title: 'Project Memory Supervisor',
      icon: iconFile,
      webPreferences: {
        preload: preloadFile,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
      },
    });
    this.#window = window;
    this.#follow(window);
    this.#options.attempt('load the status window', () => window.loadURL(bundleUrl));
  }

  #follow(window: BrowserWindow): void {
    const { attempt, onShown, onQuitWanted } = this.#options;
    const shown = () => {
      attempt('show the latest state', () => onShown(window.webContents));
    };
    window.once('ready-to-show', () => this.setVisible(true));
    window.on('show', shown);
    window.on('restore', shown);
    window.on('close', (event) => this.#onCloseButton(window, event));
    // Windows logs the user off; elsewhere the power monitor tells.
    window.on('session-end', onQuitWanted);
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined;
    });
    window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      attempt('keep the status window open', () => {
        window.destroy();
        throw new Error(`Its renderer process ended: ${reason} (exit code ${exitCode}).`);
      });
    });
  }

  #onCloseButton(window: BrowserWindow, event: Pick<Electron.Event, 'preventDefault'>): void {
    const { onCloseButton, onHiddenByUser, onQuitWanted, attempt } = this.#options;
    const meaning = onCloseButton();
    if (meaning === 'close') return;
    event.preventDefault();
    if (meaning === 'quit') {
      onQuitWanted();
      return;
    }
    window.hide();
    attempt('say that the program runs on', onHiddenByUser);
  }
}

/** True while a page can be seen: what nobody sees need not be told anything. */
export function isPageVisible(page: WebContents): boolean {
  const window = BrowserWindow.fromWebContents(page);
  return window?.isVisible() === true && !window.isMinimized();
}
