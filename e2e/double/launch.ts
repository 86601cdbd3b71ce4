/** Starts the built application in Node, with the double for Electron, and shows its windows in Chromium. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { BrowserContext, Page } from 'playwright';
import { realAddress, shownScheme } from './addresses.ts';
import { type Call, ifGone, link, type Port } from './link.ts';
import type { AppMethods, Bounds, HostMethods, TrayState, WindowState } from './protocol.ts';
import { ShownWindow } from './shown-window.ts';

export interface LaunchOptions {
  /** The built entry, `out/main/index.js`. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** A fresh context of a browser; its windows appear there. */
  readonly context: BrowserContext;
}

/** What only the operating system would have seen. */
export interface SystemRecord {
  readonly kind: string;
  readonly value: unknown;
}

/** A running application. */
export class DoubleApp {
  readonly process: ChildProcess;
  readonly records: SystemRecord[] = [];
  /** Exit code, or the signal that ended the process. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #context: BrowserContext;
  readonly #windows = new Map<number, Promise<ShownWindow>>();
  readonly #call: Call<AppMethods>;
  #output = '';

  constructor({ entry, args, env, context }: LaunchOptions) {
    this.#context = context;
    this.process = forkWithDouble(entry, args, env);
    this.exited = exitOf(this.process);
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.#call = link<HostMethods, AppMethods>(this.process as Port, {
      record: (kind, value) => void this.records.push({ kind, value }),
      'scheme.handle': (scheme) => this.#answerScheme(scheme),
      'window.close': async (id) => {
        const window = await this.#windows.get(id);
        this.#windows.delete(id);
        await window?.page.close();
      },
      'window.load': async (id, url) => (await this.#window(id)).load(url),
      'window.open': async (id, options) => {
        const window = ShownWindow.open({ ...options, id, context, call: this.#call });
        this.#windows.set(id, window);
        await window;
      },
      'window.send': async (id, channel, sent) =>
        (await this.#window(id)).deliver({ channel, args: sent }),
    });
  }

  /** Everything that the application printed. */
  get output(): string {
    return this.#output;
  }

  tray(): Promise<TrayState | null> {
    return this.#call('tray.read');
  }

  clickTray(): Promise<void> {
    return this.#call('tray.click');
  }

  clickMenu(...labels: readonly string[]): Promise<void> {
    return this.#call('menu.click', labels);
  }

  /** What the application answers a page that asks: for the permission, whether it has it, for a device. */
  askPermission(permission: string): Promise<readonly boolean[]> {
    return this.#call('permission.ask', permission);
  }

  /** Whether the application lets a page load this. */
  allowsRequest(url: string, resourceType: string): Promise<boolean> {
    return this.#call('request.allowed', url, resourceType);
  }

  /** Whether the application lets a window's page go there. */
  mayNavigate(id: number, url: string): Promise<boolean> {
    return this.#call('window.may-navigate', id, url);
  }

  clickNotification(title: string): Promise<void> {
    return this.#call('notification.click', title);
  }

  setDarkTheme(isDark: boolean): Promise<void> {
    return this.#call('theme.set', isDark);
  }

  emitPower(event: 'suspend' | 'resume' | 'shutdown'): Promise<void> {
    return this.#call('power.emit', event);
  }

  setBounds(id: number, bounds: Bounds): Promise<void> {
    return this.#call('window.set-bounds', id, bounds);
  }

  windows(): Promise<readonly WindowState[]> {
    return this.#call('window.list');
  }

  /** The page of a window. */
  async page(id: number): Promise<Page> {
    return (await this.#window(id)).page;
  }

  /** Presses the window's X. */
  pressClose(id: number): Promise<void> {
    return this.#call('window.press-close', id);
  }

  /** Lets the window's renderer process crash. */
  crash(id: number): Promise<void> {
    return this.#call('window.crash', id);
  }

  /** Asks for a quit, as the system's menu does; `exited` tells when it is done. */
  async quit(): Promise<void> {
    await this.#call('app.quit').catch(() => {
      // The application ended before it could answer.
    });
  }

  async #window(id: number): Promise<ShownWindow> {
    const window = this.#windows.get(id);
    if (window === undefined) throw new Error(`There is no window ${id}.`);
    return await window;
  }

  async #answerScheme(scheme: string): Promise<void> {
    await this.#context.route(shownScheme(scheme), async (route) => {
      const request = route.request();
      const url = realAddress(request.url());
      const asked = this.#call('scheme.fetch', url, request.method(), request.headers());
      const reply = await asked.catch(ifGone(null));
      if (reply === null) return await route.abort();
      await route.fulfill({
        status: reply.status,
        headers: { ...reply.headers },
        body: Buffer.from(reply.body),
      });
    });
  }
}

/** Starts the application a second time, without a test at its side; resolves with its exit code. */
export function startAgain(
  options: Pick<LaunchOptions, 'entry' | 'args' | 'env'>,
): Promise<number | NodeJS.Signals> {
  const second = forkWithDouble(options.entry, options.args, options.env);
  second.stdout?.resume();
  second.stderr?.resume();
  return exitOf(second);
}

function forkWithDouble(
  entry: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): ChildProcess {
  return fork(entry, args, {
    execArgv: ['--import', new URL('./register.ts', import.meta.url).href],
    serialization: 'advanced',
    silent: true,
    env,
  });
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? -1;
}
