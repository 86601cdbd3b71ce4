/** The doubles of `BrowserWindow` and its `webContents`; the test shows each as a page of Chromium. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { host } from './host.ts';
import { gone } from './link.ts';
import type { Bounds, WindowState } from './protocol.ts';

let tellAllClosed = () => {};
let tellWindow: (window: BrowserWindow) => void = () => {};
let tellCreated: (contents: WebContentsDouble) => void = () => {};

/** Lets `app` know, without these files importing each other. */
export function onAllWindowsClosed(listener: () => void): void {
  tellAllClosed = listener;
}

export function onWindowCreated(listener: (window: BrowserWindow) => void): void {
  tellWindow = listener;
}

export function onWebContentsCreated(listener: (contents: WebContentsDouble) => void): void {
  tellCreated = listener;
}

/** Emits a preventable event; false if a listener prevented it. */
function emitPreventable(emitter: EventEmitter, event: string, details: object = {}): boolean {
  let prevented = false;
  const preventDefault = () => {
    prevented = true;
  };
  emitter.emit(event, { ...details, preventDefault });
  return !prevented;
}

export class WebContentsDouble
  extends EventEmitter
  implements
    Pick<
      Electron.WebContents,
      'getURL' | 'id' | 'isDestroyed' | 'isLoadingMainFrame' | 'send' | 'setWindowOpenHandler'
    >
{
  readonly id: number;
  #url = '';
  #isLoading = false;
  #isDestroyed = false;
  #decideOpening: (details: Electron.HandlerDetails) => { readonly action: string } = () => ({
    action: 'allow',
  });

  constructor(id: number) {
    super();
    this.id = id;
  }

  setWindowOpenHandler(
    handler: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse,
  ): void {
    this.#decideOpening = handler;
  }

  send(channel: string, ...args: readonly unknown[]): void {
    if (this.#isDestroyed) throw new TypeError('Object has been destroyed');
    host('window.send', this.id, channel, structuredClone(args)).catch(() => {
      // The page went away meanwhile; Electron drops such messages too.
    });
  }

  getURL(): string {
    return this.#url;
  }

  isDestroyed(): boolean {
    return this.#isDestroyed;
  }

  isLoadingMainFrame(): boolean {
    return this.#isLoading;
  }

  async load(url: string): Promise<void> {
    this.#url = url;
    this.#isLoading = true;
    try {
      await host('window.load', this.id, url);
    } finally {
      this.#isLoading = false;
    }
    this.emit('did-finish-load');
  }

  preloadFailed(text: string): void {
    this.emit('preload-error', {}, 'preload.cjs', new Error(text));
  }

  crash(): void {
    this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 139 });
  }

  destroyed(): void {
    this.#isDestroyed = true;
    this.emit('destroyed');
  }

  mayNavigate(url: string): boolean {
    const stays = emitPreventable(this, 'will-frame-navigate', { url, isMainFrame: true });
    return emitPreventable(this, 'will-navigate', { url }) && stays;
  }

  mayOpen(url: string): boolean {
    const details = { url, frameName: '', features: '' } as Electron.HandlerDetails;
    return this.#decideOpening(details).action === 'allow';
  }
}

export class BrowserWindow
  extends EventEmitter
  implements
    Pick<
      Electron.BrowserWindow,
      | 'destroy'
      | 'focus'
      | 'getNormalBounds'
      | 'hide'
      | 'id'
      | 'isDestroyed'
      | 'isMaximized'
      | 'isMinimized'
      | 'isVisible'
      | 'loadURL'
      | 'maximize'
      | 'restore'
      | 'show'
    >
{
  static readonly #all = new Map<number, BrowserWindow>();
  static #nextId = 1;

  readonly id = BrowserWindow.#nextId++;
  readonly webContents = new WebContentsDouble(this.id);
  readonly #webPreferences: Electron.WebPreferences;
  #isVisible: boolean;
  #isMaximized = false;
  #bounds: Bounds;

  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    const { x = 0, y = 0, width = 800, height = 600, show = true, webPreferences = {} } = options;
    requireIsolation(webPreferences);
    BrowserWindow.#all.set(this.id, this);
    this.#webPreferences = webPreferences;
    this.#bounds = { x, y, width, height };
    this.#isVisible = show;
    tellCreated(this.webContents);
    tellWindow(this);
    const { preload } = webPreferences;
    void host('window.open', this.id, {
      width,
      height,
      preload: preload === undefined ? '' : readFileSync(preload, 'utf8'),
    });
  }

  static getAllWindows(): BrowserWindow[] {
    return [...BrowserWindow.#all.values()];
  }

  static fromWebContents(contents: { readonly id: number }): BrowserWindow | null {
    return BrowserWindow.#all.get(contents.id) ?? null;
  }

  static find(id: number): BrowserWindow | undefined {
    return BrowserWindow.#all.get(id);
  }

  static byId(id: number): BrowserWindow {
    const window = BrowserWindow.#all.get(id);
    if (window === undefined) throw gone(`There is no window ${id}.`);
    return window;
  }

  async loadURL(url: string): Promise<void> {
    await this.webContents.load(url);
    this.emit('ready-to-show');
  }

  show(): void {
    this.#setVisible(true);
  }

  hide(): void {
    this.#setVisible(false);
  }

  maximize(): void {
    this.#isMaximized = true;
    this.#setVisible(true);
  }

  isMaximized(): boolean {
    return this.#isMaximized;
  }

  getNormalBounds(): Electron.Rectangle {
    return { ...this.#bounds };
  }

  setBounds(bounds: Bounds): void {
    this.#bounds = bounds;
  }

  focus(): void {
    this.emit('focus');
  }

  restore(): void {
    this.emit('restore');
  }

  isVisible(): boolean {
    return this.#isVisible;
  }

  isMinimized(): boolean {
    return false;
  }

  isDestroyed(): boolean {
    return !BrowserWindow.#all.has(this.id);
  }

  /** Electron's returns nothing; `app.quit` of the double wants to know whether it was prevented. */
  close(): boolean {
    const closes = emitPreventable(this, 'close');
    if (closes) this.destroy();
    return closes;
  }

  destroy(): void {
    if (!BrowserWindow.#all.delete(this.id)) return;
    this.webContents.destroyed();
    host('window.close', this.id).catch(() => {
      // The test closed the page itself.
    });
    this.emit('closed');
    if (BrowserWindow.#all.size === 0) tellAllClosed();
  }

  describe(): WindowState {
    return {
      id: this.id,
      visible: this.#isVisible,
      url: this.webContents.getURL(),
      bounds: this.#bounds,
      webPreferences: this.#webPreferences,
    };
  }

  #setVisible(visible: boolean): void {
    if (this.isDestroyed()) throw new TypeError('Object has been destroyed');
    if (this.#isVisible === visible) return;
    this.#isVisible = visible;
    this.emit(visible ? 'show' : 'hide');
  }
}

function requireIsolation(preferences: Electron.WebPreferences): void {
  const { contextIsolation = true, sandbox = true, nodeIntegration = false } = preferences;
  if (!contextIsolation || !sandbox || nodeIntegration) {
    throw new Error('The double opens only isolated, sandboxed windows.');
  }
}
