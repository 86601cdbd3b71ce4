/** A desktop application on a configuration of its own, gone with everything it wrote after the test. */
/* oxlint-disable no-empty-pattern -- see the biome-ignore below */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, test as base, expect, type Page, type TestInfo } from 'playwright/test';
import type { StatusSnapshot } from '../shared/status.ts';
import { startDesktop, whyNoDesktop } from './app.ts';
import { launchChromium } from './backends.ts';
import type { DesktopApp } from './desktop-app.ts';

const root = join(import.meta.dirname, '..');

/** The bundled servers on ports that the system chooses; nothing outside the folder is touched. */
function configuration(dataFolder: string): string {
  return [
    '[supervisor]',
    'control_tcp_port = 0',
    `data_dir = ${JSON.stringify(dataFolder)}`,
    '[mcp]',
    'port = 0',
    '[mcp.pool]',
    'base_port = 0',
    '[dashboard]',
    'port = 0',
    '[gui_server]',
    'port = 0',
    '',
  ].join('\n');
}

/** Every folder that a desktop program looks for in its environment lies in the test's own. */
function environment(folder: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_DATA_HOME: join(folder, 'data-home'),
    XDG_RUNTIME_DIR: join(folder, 'runtime'),
    XDG_STATE_HOME: join(folder, 'state'),
    PM_SUPERVISOR_READY_FILE: join(folder, 'ready'),
  };
}

export interface DesktopStart {
  /** More sections of the configuration, as TOML. */
  readonly settings?: string;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What the desktop says of its tray (Linux); by default, that it draws one. */
  readonly trayHost?: 'there' | 'missing' | 'unknown';
  /** Another build than the project's own. */
  readonly root?: string;
}

interface Fixtures {
  /** The test's own folder; everything that the application writes is below it. */
  folder: string;
  /** Starts the application and waits until tray and window are set up. Once a test. */
  start: (start?: DesktopStart) => Promise<DesktopApp>;
}

interface WorkerFixtures {
  /** The browser of this worker, started when it is first wanted; each application has a context of its own in it. */
  openBrowser: () => Promise<Browser>;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  openBrowser: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it which fixtures are needed.
    async ({}, use) => {
      let browser: Promise<Browser> | undefined;
      await use(() => {
        browser ??= launchChromium();
        return browser;
      });
      await (await browser)?.close();
    },
    { scope: 'worker' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it which fixtures are needed.
  folder: async ({}, use) => {
    const folder = await newFolder();
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
  start: async ({ folder, openBrowser }, use, testInfo) => {
    const reason = whyNoDesktop();
    testInfo.skip(reason !== null, reason ?? '');
    let app: DesktopApp | undefined;
    try {
      await use(async (wanted = {}) => {
        app = await startIn(folder, openBrowser, wanted);
        return app;
      });
    } finally {
      if (app !== undefined) await attachOutput(app, testInfo);
      await app?.dispose();
    }
  },
});

interface SharedDesktop {
  readonly app: DesktopApp;
  /** Everything that the application writes is below it. */
  readonly folder: string;
}

/**
 * One application for all tests of the `describe` that calls this: for those that leave it as they found it. After
 * a test that failed the next one gets a new application, as Playwright begins anew then. The function that is
 * returned may be called within tests.
 */
export function sharedDesktop(wanted: DesktopStart = {}): () => SharedDesktop {
  let shared: SharedDesktop | undefined;
  const reason = whyNoDesktop();
  test.skip(reason !== null, reason ?? '');
  test.beforeAll(async ({ openBrowser }) => {
    const folder = await newFolder();
    try {
      shared = { folder, app: await startIn(folder, openBrowser, wanted) };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  });
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from it which fixtures are needed.
  test.afterEach(async ({}, testInfo) => {
    if (shared !== undefined) await attachOutput(shared.app, testInfo);
  });
  test.afterAll(async () => {
    await shared?.app.dispose();
    if (shared !== undefined) await rm(shared.folder, { recursive: true, force: true });
  });
  return () => {
    if (shared === undefined) throw new Error('The application was not started.');
    return shared;
  };
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'pm-desktop-'));
}

/** Starts the application on a configuration in this folder; ends it again if it does not become ready. */
async function startIn(
  folder: string,
  openBrowser: () => Promise<Browser>,
  { args = ['--hidden'], env = {}, settings = '', trayHost = 'there', ...wanted }: DesktopStart,
): Promise<DesktopApp> {
  const configFile = join(folder, 'supervisor.toml');
  await mkdir(join(folder, 'runtime'), { mode: 0o700 });
  await writeFile(configFile, configuration(join(folder, 'data')) + settings);
  await answerForTray(folder, trayHost);
  const app = await startDesktop({
    root: wanted.root ?? root,
    args: ['--config', configFile, ...args],
    env: { ...environment(folder), ...env },
    openBrowser,
  });
  try {
    await untilReady(join(folder, 'ready'), app);
    return app;
  } catch (error) {
    await app.dispose();
    throw new Error(`The application did not start:\n${app.output}`, { cause: error });
  }
}

async function attachOutput(app: DesktopApp, testInfo: TestInfo): Promise<void> {
  if (testInfo.status === testInfo.expectedStatus) return;
  await testInfo.attach('output of the application', { body: app.output });
}

/** The desktop under the tests has no tray; the programs that the application asks say what the test wants. */
async function answerForTray(
  folder: string,
  host: NonNullable<DesktopStart['trayHost']>,
): Promise<void> {
  const said = { there: 'b true', missing: 'b false', unknown: 'No bus.' }[host];
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  for (const program of ['busctl', 'gdbus', 'dbus-send']) {
    await writeFile(join(bin, program), `#!/bin/sh\necho '${said}'\n`, { mode: 0o755 });
  }
}

async function untilReady(readyFile: string, app: DesktopApp): Promise<void> {
  let exit: number | NodeJS.Signals | undefined;
  void app.exited.then((how) => {
    exit = how;
  });
  await expect
    .poll(() => existsSync(readyFile) || exit !== undefined, { timeout: 30_000 })
    .toBe(true);
  if (exit !== undefined) throw new Error(`The application ended (${exit}).`);
}

/** The page of the window, once it can be seen. */
export async function visiblePage(app: DesktopApp): Promise<Page> {
  await expect.poll(() => app.isWindowVisible()).toBe(true);
  const page = await app.page();
  if (page === null) throw new Error('There is no window.');
  return page;
}

/** What the supervisor says about itself, asked through the page's own bridge. */
export async function snapshotThrough(page: Page): Promise<StatusSnapshot> {
  return await page.evaluate(async () => {
    const bridge = Reflect.get(globalThis, 'supervisor');
    return (await bridge.call('control', { type: 'Snapshot' })).data;
  });
}

/** The process ids of everything that is supervised. */
export function pidsOf({ services, instances }: StatusSnapshot): readonly number[] {
  return [...services, ...instances].flatMap(({ pid }) => (pid === null ? [] : [pid]));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
