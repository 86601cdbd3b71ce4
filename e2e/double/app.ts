/** The double of `app`: life cycle, paths and the single-instance lock, in Electron's order. */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { claimInstance } from './single-instance.ts';
import {
  BrowserWindow,
  onAllWindowsClosed,
  onWebContentsCreated,
  onWindowCreated,
} from './windows.ts';

const name = 'project-memory-supervisor';

class AppDouble
  extends EventEmitter
  implements
    Pick<
      Electron.App,
      | 'dock'
      | 'enableSandbox'
      | 'exit'
      | 'getAppPath'
      | 'getPath'
      | 'isPackaged'
      | 'isReady'
      | 'quit'
      | 'requestSingleInstanceLock'
      | 'setAppUserModelId'
      | 'setPath'
      | 'whenReady'
    >
{
  /** As `electron .` has it. */
  readonly isPackaged = false;
  /** As on Linux and Windows. */
  readonly dock = undefined;
  readonly #ready = Promise.withResolvers<void>();
  readonly #paths = new Map<string, string>([['userData', defaultUserData()]]);
  #isReady = false;
  #isQuitting = false;

  constructor() {
    super();
    // Electron becomes ready after the entry module, with all its static imports, was evaluated.
    setImmediate(() => {
      this.#isReady = true;
      this.emit('ready');
      this.#ready.resolve();
    });
  }

  whenReady(): Promise<void> {
    return this.#ready.promise;
  }

  isReady(): boolean {
    return this.#isReady;
  }

  enableSandbox(): void {
    if (this.#isReady) throw new Error('app.enableSandbox() comes too late after ready.');
  }

  setAppUserModelId(): void {}

  /** The folder of package.json, as for `electron .`. */
  getAppPath(): string {
    let folder = dirname(resolve(process.argv[1] ?? ''));
    while (!existsSync(join(folder, 'package.json'))) {
      if (folder === dirname(folder)) throw new Error('No package.json above the entry file.');
      folder = dirname(folder);
    }
    return folder;
  }

  getPath(key: string): string {
    const path = this.#paths.get(key);
    if (path === undefined) throw new Error(`The double knows no path "${key}".`);
    return path;
  }

  setPath(key: string, path: string): void {
    this.#paths.set(key, path);
  }

  requestSingleInstanceLock(additionalData: Record<string, unknown> = {}): boolean {
    return claimInstance(this.getPath('userData'), additionalData, (argv, cwd, data) => {
      this.emit('second-instance', {}, argv, cwd, data);
    });
  }

  exit(code = 0): never {
    process.exit(code);
  }

  /** before-quit, close of every window, will-quit, quit; each but the last may be prevented. */
  quit(): void {
    if (this.#isQuitting || this.#isPrevented('before-quit')) return;
    for (const window of BrowserWindow.getAllWindows()) if (!window.close()) return;
    if (this.#isPrevented('will-quit')) return;
    this.#isQuitting = true;
    this.emit('quit', {}, 0);
    this.exit(0);
  }

  #isPrevented(event: 'before-quit' | 'will-quit'): boolean {
    let prevented = false;
    const preventDefault = () => {
      prevented = true;
    };
    this.emit(event, { preventDefault });
    return prevented;
  }
}

function defaultUserData(): string {
  const configHome = process.env['XDG_CONFIG_HOME'];
  if (configHome === undefined) {
    throw new Error('Set XDG_CONFIG_HOME: a test must not touch the own folder of its user.');
  }
  return join(configHome, name);
}

export const app = new AppDouble();

onAllWindowsClosed(() => {
  if (!app.emit('window-all-closed')) app.quit();
});
onWindowCreated((window) => app.emit('browser-window-created', {}, window));
onWebContentsCreated((contents) => app.emit('web-contents-created', {}, contents));

// `electron .` sets this; the arguments of the application follow the path of its entry.
Object.assign(process, { defaultApp: true });
// On POSIX, Electron turns the first of these signals into an orderly quit.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => app.quit());
}
