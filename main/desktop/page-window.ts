/**
 * A window for a page of ours. The status window and the configuration editor differ in their address
 * and in what their X means; here is what they share: the security settings (Electron's checklist, 2 to
 * 4, 6 and 8 to 11), and that a window never just disappears. A crashed page comes back at once, where
 * it was, a few times a minute; a page that does not load or stays dead is said, and `onUseless` told,
 * so that the user is shown another way in (old weakness W31).
 */
import { BrowserWindow, type WebContents } from 'electron';
import type { Attempt } from './attempt.ts';

/** A page that goes on crashing would otherwise keep a processor busy for ever. */
const crashesPerMinute = 3;

/** How long a loaded page may take until it first asks the supervisor for something, in ms. */
const firstWordMs = 10_000;

/** What all windows are given alike. */
export interface WindowParts {
  readonly preloadFile: string;
  readonly iconFile: string;
  readonly attempt: Attempt;
  /** The window became visible: its page wants what it missed. */
  readonly onShown: (page: WebContents) => void;
  /** True once the page has asked for anything: its scripts and its bridge work. */
  readonly hasSpoken: (page: WebContents) => boolean;
  /** The window cannot show what it should; this was reported already. */
  readonly onUseless: () => void;
}

export interface PageWindowOptions extends WindowParts {
  /** As in "Could not load the status window". */
  readonly name: string;
  readonly address: string;
  readonly title: string;
  readonly size: Pick<
    Electron.BrowserWindowConstructorOptions,
    'width' | 'height' | 'minWidth' | 'minHeight'
  >;
  /** The X was pressed, or the program ends; may prevent the closing. */
  readonly onClose: (event: Pick<Electron.Event, 'preventDefault'>) => void;
}

/** How a window lay when its page crashed. */
type Place = Electron.Rectangle & { readonly maximized: boolean };

/** Owns the window, of which there is at most one, from the first wish to see it. */
export class PageWindow {
  readonly #options: PageWindowOptions;
  #window: BrowserWindow | undefined;
  /** When the page crashed, within the last minute, by the monotonic clock. */
  #crashedAtMs: readonly number[] = [];

  constructor(options: PageWindowOptions) {
    this.#options = options;
  }

  /** Opens the window, or brings the open one to the front. What goes wrong is reported, never thrown. */
  show(): void {
    const { attempt, name } = this.#options;
    const done = attempt(`show the ${name}`, () => {
      const window = this.#window;
      if (window === undefined) this.#open(null);
      // A window that is still loading shows itself when it has something to show (W32).
      else if (!window.webContents.isLoadingMainFrame() || window.isVisible()) bringUp(window);
    });
    if (!done) this.#options.onUseless();
  }

  hide(): void {
    this.#options.attempt(`hide the ${this.#options.name}`, () => this.#window?.hide());
  }

  /** Closes the window for good: nobody is asked any more. */
  destroy(): void {
    this.#window?.destroy();
  }

  #open(place: Place | null): void {
    const { preloadFile, iconFile, title, size, address, name } = this.#options;
    const window = new BrowserWindow({
      ...size,
      ...(place === null ? {} : boundsOf(place)),
      show: false,
      title,
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
    this.#follow(window, place);
    this.#watch(window);
    this.#attemptOrUseless(`load the ${name}`, () => window.loadURL(address));
  }

  #follow(window: BrowserWindow, place: Place | null): void {
    const { attempt, onShown, onClose } = this.#options;
    const shown = () => {
      attempt('show the latest state', () => onShown(window.webContents));
    };
    window.once('ready-to-show', () => {
      if (place?.maximized === true) window.maximize();
      this.show();
    });
    window.on('show', shown);
    window.on('restore', shown);
    window.on('close', (event) => onClose(event));
    window.on('closed', () => {
      if (this.#window === window) this.#window = undefined;
    });
  }

  /** Notices a page that cannot work. */
  #watch(window: BrowserWindow): void {
    const { name, hasSpoken } = this.#options;
    const page = window.webContents;
    let silence: NodeJS.Timeout | undefined;
    page.on('did-finish-load', () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        if (window.isDestroyed() || hasSpoken(page)) return;
        this.#reportUseless(`use the ${name}`, `Its page said nothing for ${firstWordMs} ms.`);
      }, firstWordMs);
    });
    window.on('closed', () => clearTimeout(silence));
    page.on('preload-error', (_event, _file, error) => {
      this.#reportUseless(`connect the ${name}`, error);
    });
    page.on('render-process-gone', (_event, { reason, exitCode }) => {
      this.#onCrash(window, `Its renderer process ended: ${reason} (exit code ${exitCode}).`);
    });
  }

  /** The window of a dead renderer is blank; a hidden one is made anew only when somebody wants it. */
  #onCrash(window: BrowserWindow, problem: string): void {
    const { attempt, name } = this.#options;
    const wasVisible = window.isVisible();
    const place = { ...window.getNormalBounds(), maximized: window.isMaximized() };
    window.destroy();
    const now = performance.now();
    this.#crashedAtMs = [...this.#crashedAtMs.filter((at) => now - at < 60_000), now];
    if (this.#crashedAtMs.length > crashesPerMinute) {
      const count = this.#crashedAtMs.length;
      this.#reportUseless(`keep the ${name} open`, `${problem} That was the ${count}th time.`);
      return;
    }
    attempt(`keep the page of the ${name} alive`, () => {
      throw new Error(problem);
    });
    if (wasVisible) this.#attemptOrUseless(`open the ${name} again`, () => this.#open(place));
  }

  #attemptOrUseless(what: string, step: () => void | Promise<void>): void {
    const { attempt, onUseless } = this.#options;
    attempt(what, async () => {
      try {
        await step();
      } catch (error) {
        // Electron rejects a load also when a newer one, or the end of the window, took its place.
        if (!isAborted(error)) onUseless();
        throw error;
      }
    });
  }

  #reportUseless(what: string, problem: unknown): void {
    const { attempt, onUseless } = this.#options;
    attempt(what, () => {
      throw problem instanceof Error ? problem : new Error(String(problem));
    });
    onUseless();
  }
}

/** True while a page can be seen: what nobody sees need not be told anything. */
export function isPageVisible(page: WebContents): boolean {
  const window = BrowserWindow.fromWebContents(page);
  return window?.isVisible() === true && !window.isMinimized();
}

function bringUp(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore();
  window.show();
  window.focus();
}

function boundsOf({ x, y, width, height }: Place): Electron.Rectangle {
  return { x, y, width, height };
}

function isAborted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_ABORTED';
}
