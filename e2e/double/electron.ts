/**
 * A double of the `electron` module for the main process. The application runs unchanged in an
 * ordinary Node process; what Electron would hand to the operating system or to Chromium goes over a
 * link to the test, which owns a real Chromium (`launch.ts`). What the application does not use is not
 * here: importing it fails when the module is linked, so nobody trusts a double that does nothing.
 */
import { EventEmitter } from 'node:events';
import { app } from './app.ts';
import { ipcMain, protocol, webRequest } from './channels.ts';
import { host, joinHost } from './host.ts';
import { Tray } from './tray-and-menu.ts';
import { BrowserWindow } from './windows.ts';

export { nativeImage } from './native-image.ts';
export { Menu } from './tray-and-menu.ts';
export { app, BrowserWindow, ipcMain, protocol, Tray };

export const powerMonitor = new EventEmitter();

export const clipboard: Pick<Electron.Clipboard, 'writeText'> = {
  writeText: (text) => host('record', 'clipboard', text),
};

export const shell: Pick<Electron.Shell, 'openExternal' | 'openPath'> = {
  openExternal: (url) => host('record', 'openExternal', url),
  openPath: async (path) => {
    await host('record', 'openPath', path);
    return '';
  },
};

/** A notification is only noted. */
export class Notification extends EventEmitter implements Pick<Electron.Notification, 'show'> {
  readonly #options: Electron.NotificationConstructorOptions;

  constructor(options: Electron.NotificationConstructorOptions) {
    super();
    this.#options = options;
  }

  static isSupported(): boolean {
    return true;
  }

  show(): void {
    void host('record', 'notification', structuredClone(this.#options));
  }
}

export const session: {
  readonly defaultSession: Readonly<Record<string, object>>;
} = {
  defaultSession: {
    webRequest,
    setPermissionRequestHandler: (handler: unknown) => mustBeFunction(handler),
    setPermissionCheckHandler: (handler: unknown) => mustBeFunction(handler),
    setDevicePermissionHandler: (handler: unknown) => mustBeFunction(handler),
  },
};

function mustBeFunction(handler: unknown): void {
  if (typeof handler !== 'function') throw new TypeError('The handler must be a function.');
}

joinHost({
  'app.quit': () => app.quit(),
  'ipc.invoke': (id, channel, args, url) =>
    ipcMain.receiveInvoke(BrowserWindow.byId(id).webContents, url, channel, args),
  'ipc.send': (id, channel, args, url) =>
    ipcMain.receive(BrowserWindow.byId(id).webContents, url, channel, args),
  'menu.click': (path) =>
    Tray.only()
      .menuItem(path)
      .press(() => app.quit()),
  'power.emit': (event) => void powerMonitor.emit(event),
  'request.allowed': (url, resourceType) => webRequest.isAllowed(url, resourceType),
  'scheme.fetch': (url, method, headers) => protocol.fetch(url, method, headers),
  'tray.click': () => void Tray.only().emit('click'),
  'tray.read': () => Tray.all[0]?.describe() ?? null,
  'window.closed': (id) => BrowserWindow.find(id)?.destroy(),
  'window.crash': (id) => BrowserWindow.byId(id).webContents.crash(),
  'window.list': () => BrowserWindow.getAllWindows().map((window) => window.describe()),
  'window.may-navigate': (id, url) => BrowserWindow.byId(id).webContents.mayNavigate(url),
  'window.may-open': (id, url) => BrowserWindow.byId(id).webContents.mayOpen(url),
  'window.press-close': (id) => void BrowserWindow.byId(id).close(),
});

// A test that dies must not leave its application behind.
process.on('disconnect', () => app.quit());
