/** The application under test on a real Electron. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from 'playwright/test';
import { electronFile } from './backends.ts';
import type { DesktopApp, StartOptions } from './desktop-app.ts';
import type { MenuItemState, TrayState } from './double/protocol.ts';
import { endProcess } from './end-process.ts';

/** What `tray-recorder.cjs` keeps in Electron's main process. */
interface ToldTray {
  readonly isThere: boolean;
  readonly toolTip: string;
  readonly image: string;
  readonly menu: Electron.Menu | null;
}

export class ElectronApp implements DesktopApp {
  readonly backend = 'electron';
  readonly double = null;
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #app: ElectronApplication;
  readonly #options: StartOptions;
  #output = '';

  private constructor(app: ElectronApplication, options: StartOptions) {
    this.#app = app;
    this.#options = options;
    const child = app.process();
    this.exited = once(child, 'exit').then(([code, signal]) => code ?? signal);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  static async start(options: StartOptions): Promise<ElectronApp> {
    const executablePath = requireElectron();
    const recorder = join(import.meta.dirname, 'tray-recorder.cjs');
    const app = await _electron.launch({
      executablePath,
      args: ['-r', recorder, ...commandLine(options)],
      env: environment(options),
    });
    return new ElectronApp(app, options);
  }

  get output(): string {
    return this.#output;
  }

  async tray(): Promise<TrayState | null> {
    return await this.#app.evaluate(() => {
      const told = Reflect.get(globalThis, 'toldTray') as ToldTray;
      const describe = (item: Electron.MenuItem): MenuItemState => ({
        label: item.label.replace(/&(&?)/g, '$1'),
        type: item.type,
        enabled: item.enabled,
        items: (item.submenu?.items ?? []).map(describe),
      });
      if (!told.isThere) return null;
      const { toolTip, image, menu } = told;
      return { toolTip, image, items: (menu?.items ?? []).map(describe) };
    });
  }

  async clickMenu(...labels: readonly string[]): Promise<void> {
    await this.#app.evaluate((_electronModule, path) => {
      const told = Reflect.get(globalThis, 'toldTray') as ToldTray;
      let items = told.menu?.items ?? [];
      let found: Electron.MenuItem | undefined;
      for (const label of path) {
        found = items.find((item) => item.label.replace(/&(&?)/g, '$1') === label);
        items = found?.submenu?.items ?? [];
      }
      if (found?.enabled !== true) throw new Error(`${path.join(' > ')} cannot be chosen.`);
      const chosen = found;
      // "Quit" ends the process; the answer has to get away first.
      setImmediate(() => chosen.click());
    }, labels);
  }

  async page(): Promise<Page | null> {
    return this.#app.windows().at(0) ?? null;
  }

  async pageAt(file: string): Promise<Page | null> {
    return this.#app.windows().find((page) => page.url().endsWith(`/${file}`)) ?? null;
  }

  async isWindowVisible(): Promise<boolean> {
    return await this.#app.evaluate(
      ({ BrowserWindow }) => BrowserWindow.getAllWindows().at(0)?.isVisible() === true,
    );
  }

  async pressClose(): Promise<void> {
    await this.#app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().at(0)?.close());
  }

  async crashPage(): Promise<void> {
    await this.#app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().at(0)?.webContents.forcefullyCrashRenderer(),
    );
  }

  async startAgain(): Promise<number | NodeJS.Signals> {
    const second = spawn(requireElectron(), commandLine(this.#options), {
      env: environment(this.#options),
      stdio: 'ignore',
    });
    const [code, signal] = await once(second, 'exit');
    return code ?? signal;
  }

  signal(signal: NodeJS.Signals): void {
    this.#app.process().kill(signal);
  }

  async dispose(): Promise<void> {
    await endProcess(this.#app.process(), this.exited);
  }
}

function requireElectron(): string {
  const file = electronFile();
  if (file === undefined) throw new Error('Electron has no binary here.');
  return file;
}

function commandLine({ root, args }: StartOptions): string[] {
  // Chromium's sandbox cannot be set up by root (crbug.com/638180), which is who CI is.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return [...asRoot, root, ...args];
}

function environment({ env }: StartOptions): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
