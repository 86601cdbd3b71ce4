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
import { permissions } from './permissions.ts';
import { Tray } from './tray-and-menu.ts';
import { BrowserWindow } from './windows.ts';

export { nativeImage } from './native-image.ts';
export { Menu } from './tray-and-menu.ts';
export { app, BrowserWindow, ipcMain, protocol, Tray };

export const powerMonitor = new EventEmitter();

/** No process of the double writes dumps; that none would be sent is what can be seen here. */
export const crashReporter: Pick<Electron.CrashReporter, 'start'> = {
  start({ uploadToServer, submitURL }) {
    if (uploadToServer !== false || submitURL !== undefined)
      throw new Error('Dumps would be sent.');
  },
};

class NativeThemeDouble
  extends EventEmitter
  implements
    Pick<Electron.NativeTheme, 'shouldUseDarkColors' | 'shouldUseDarkColorsForSystemIntegratedUI'>
{
  #isDark = false;

  get shouldUseDarkColors(): boolean {
    return this.#isDark;
  }

  get shouldUseDarkColorsForSystemIntegratedUI(): boolean {
    return this.#isDark;
  }

  change(isDark: boolean): void {
    this.#isDark = isDark;
    this.emit('updated');
  }
}

export const nativeTheme = new NativeThemeDouble();

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

/** A notification is only noted, and clicked by its title. */
export class Notification extends EventEmitter implements Pick<Electron.Notification, 'show'> {
  static readonly #shown = new Map<string, Notification>();
  readonly #options: Electron.NotificationConstructorOptions;

  constructor(options: Electron.NotificationConstructorOptions) {
    super();
    this.#options = options;
  }

  static isSupported(): boolean {
    return true;
  }

  static click(title: string): void {
    const notification = Notification.#shown.get(title);
    if (notification === undefined) throw new Error(`No notification "${title}" was shown.`);
    notification.emit('click');
  }

  show(): void {
    Notification.#shown.set(this.#options.title ?? '', this);
    void host('record', 'notification', structuredClone(this.#options));
  }
}

export const session: { readonly defaultSession: Readonly<Record<string, unknown>> } = {
  defaultSession: {
    webRequest,
    setPermissionRequestHandler: permissions.setPermissionRequestHandler,
    setPermissionCheckHandler: permissions.setPermissionCheckHandler,
    setDevicePermissionHandler: permissions.setDevicePermissionHandler,
  },
};

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
  'notification.click': (title) => Notification.click(title),
  'permission.ask': (permission) => permissions.ask(permission),
  'power.emit': (event) => void powerMonitor.emit(event),
  'preload.failed': (id, text) => BrowserWindow.byId(id).webContents.preloadFailed(text),
  'request.allowed': (url, resourceType) => webRequest.isAllowed(url, resourceType),
  'scheme.fetch': (url, method, headers) => protocol.fetch(url, method, headers),
  'theme.set': (isDark) => nativeTheme.change(isDark),
  'tray.click': () => void Tray.only().emit('click'),
  'tray.read': () => Tray.all[0]?.describe() ?? null,
  'window.closed': (id) => BrowserWindow.find(id)?.destroy(),
  'window.crash': (id) => BrowserWindow.byId(id).webContents.crash(),
  'window.list': () => BrowserWindow.getAllWindows().map((window) => window.describe()),
  'window.may-navigate': (id, url) => BrowserWindow.byId(id).webContents.mayNavigate(url),
  'window.may-open': (id, url) => BrowserWindow.byId(id).webContents.mayOpen(url),
  'window.press-close': (id) => void BrowserWindow.byId(id).close(),
  'window.set-bounds': (id, bounds) => BrowserWindow.byId(id).setBounds(bounds),
});

// A test that dies must not leave its application behind.
process.on('disconnect', () => app.quit());
