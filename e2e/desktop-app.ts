/** What a desktop test may do with the application, whatever it runs on. */
import type { Browser, Page } from 'playwright/test';
import type { DoubleApp } from './double/launch.ts';
import type { TrayState } from './double/protocol.ts';

export interface StartOptions {
  /** The repository's root, where package.json is. */
  readonly root: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The browser that the double's windows appear in; Electron has its own, and starts none. */
  readonly openBrowser: () => Promise<Browser>;
}

/** A running desktop application, as a person meets it. */
export interface DesktopApp {
  readonly backend: 'electron' | 'double';
  /** For what only the double can do or see; null on Electron. */
  readonly double: DoubleApp | null;
  /** Everything that the application printed. */
  readonly output: string;
  /** Exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  tray(): Promise<TrayState | null>;
  clickMenu(...labels: readonly string[]): Promise<void>;
  /** The page of the window, or null while there is none; it may be hidden. */
  page(): Promise<Page | null>;
  /** The page at this address in any window, `config.html`, or null. */
  pageAt(file: string): Promise<Page | null>;
  isWindowVisible(): Promise<boolean>;
  /** Presses the window's X. */
  pressClose(): Promise<void>;
  /** Lets the window's renderer process die. */
  crashPage(): Promise<void>;
  /** Starts the program once more with the same arguments; resolves with that one's exit code. */
  startAgain(): Promise<number | NodeJS.Signals>;
  signal(signal: NodeJS.Signals): void;
  /** Ends what is left; safe to call after an exit. */
  dispose(): Promise<void>;
}
