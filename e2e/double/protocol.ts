/** What the two processes of a doubled application ask of each other. */

export interface MenuItemState {
  readonly label: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly items: readonly MenuItemState[];
}

export interface TrayState {
  readonly toolTip: string;
  readonly image: string;
  readonly items: readonly MenuItemState[];
}

export interface Bounds {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface WindowState {
  readonly id: number;
  readonly visible: boolean;
  readonly url: string;
  readonly bounds: Bounds;
  readonly webPreferences: Electron.WebPreferences;
}

export interface WindowOptions {
  readonly width: number;
  readonly height: number;
  /** The preload script's text. */
  readonly preload: string;
}

export interface SchemeAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What the test asks of the application's process. */
export interface AppMethods {
  'app.quit': () => void;
  'ipc.invoke': (id: number, channel: string, args: readonly unknown[], url: string) => unknown;
  'ipc.send': (id: number, channel: string, args: readonly unknown[], url: string) => void;
  /** The system's theme has changed. */
  'theme.set': (isDark: boolean) => void;
  'notification.click': (title: string) => void;
  /** What the three handlers of the session say: asked for, checked, for a device. */
  'permission.ask': (permission: string) => readonly boolean[];
  /** The preload script threw. */
  'preload.failed': (id: number, text: string) => void;
  'menu.click': (path: readonly string[]) => void;
  'power.emit': (event: string) => void;
  'request.allowed': (url: string, resourceType: string) => boolean;
  'scheme.fetch': (
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
  ) => Promise<SchemeAnswer>;
  'tray.click': () => void;
  'tray.read': () => TrayState | null;
  'window.closed': (id: number) => void;
  'window.crash': (id: number) => void;
  'window.list': () => readonly WindowState[];
  'window.may-navigate': (id: number, url: string) => boolean;
  'window.may-open': (id: number, url: string) => boolean;
  'window.press-close': (id: number) => void;
  /** The user drags the window. */
  'window.set-bounds': (id: number, bounds: Bounds) => void;
}

/** What the application's process asks of the test, which owns the browser. */
export interface HostMethods {
  /** Notes something that only the operating system would see: a notification, a browser start. */
  record: (kind: string, value: unknown) => void;
  'scheme.handle': (scheme: string) => Promise<void>;
  'window.close': (id: number) => Promise<void>;
  'window.load': (id: number, url: string) => Promise<void>;
  'window.open': (id: number, options: WindowOptions) => Promise<void>;
  'window.send': (id: number, channel: string, args: readonly unknown[]) => Promise<void>;
}
