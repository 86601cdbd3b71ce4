/**
 * The window of the configuration editor. There is at most one; its X closes it. A page with unsaved
 * changes keeps it open and asks (`beforeunload`, which Electron obeys without a word of its own); when
 * the program ends, nobody is asked any more, because an answer that does not come would hold it up.
 */
import { BrowserWindow, type WebContents } from 'electron';
import type { Attempt } from './attempt.ts';
import { bundleUrl } from './bundle-scheme.ts';

/** The address of the editor's page. */
export const configUrl = `${bundleUrl}config.html`;

export interface ConfigWindowOptions {
  readonly preloadFile: string;
  readonly iconFile: string;
  readonly attempt: Attempt;
  /** The window became visible: its page wants what it missed. */
  readonly onShown: (page: WebContents) => void;
  /** True once everything has been stopped and windows really close. */
  readonly isStopped: () => boolean;
}

/** Owns the window from the first wish to edit until it is closed. */
export class ConfigWindow {
  readonly #options: ConfigWindowOptions;
  #window: BrowserWindow | undefined;

  constructor(options: ConfigWindowOptions) {
    this.#options = options;
  }

  /** Opens the window, or brings the open one to the front. What goes wrong is reported, never thrown. */
  show(): void {
    this.#options.attempt('show the configuration editor', () => {
      const window = this.#window;
      if (window === undefined) {
        this.#open();
        return;
      }
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    });
  }

  #open(): void {
    const { preloadFile, iconFile, attempt } = this.#options;
    const window = new BrowserWindow({
      width: 960,
      height: 720,
      minWidth: 360,
      minHeight: 400,
      show: false,
      title: 'Configuration · Project Memory Supervisor',
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
    attempt('load the configuration editor', () => window.loadURL(configUrl));
  }

  #follow(window: BrowserWindow): void {
    const { attempt, onShown, isStopped } = this.#options;
    const shown = () => {
      attempt('show the latest state', () => onShown(window.webContents));
    };
    window.once('ready-to-show', () => window.show());
    window.on('show', shown);
    window.on('restore', shown);
    window.on('close', () => {
      if (isStopped()) window.destroy();
    });
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined;
    });
    window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
      attempt('keep the configuration editor open', () => {
        window.destroy();
        throw new Error(`Its renderer process ended: ${reason} (exit code ${exitCode}).`);
      });
    });
  }
}
