/**
 * The desktop application under test: one interface, two backends. Where the Electron binary and a
 * display are there, the real thing; else the same built files on the double, with Debian's or
 * Playwright's Chromium. The titles of the tests say which one was used.
 */
import type { BrowserContext } from 'playwright/test';
import { findChromium, hasElectron } from './backends.ts';
import type { DesktopApp, StartOptions } from './desktop-app.ts';
import { DoubleApp, startAgain } from './double/launch.ts';
import { ElectronApp } from './electron-app.ts';
import { endProcess } from './end-process.ts';

/** Why no desktop test can run here, or null. */
export function whyNoDesktop(): string | null {
  if (hasElectron() || findChromium() !== undefined) return null;
  return 'Neither an Electron binary with a display nor a Chromium (PM_TEST_CHROMIUM) is here.';
}

/** Starts the built application (`out/`). */
export async function startDesktop(options: StartOptions): Promise<DesktopApp> {
  return hasElectron() ? await ElectronApp.start(options) : await startOnDouble(options);
}

async function startOnDouble({ root, args, env, openBrowser }: StartOptions): Promise<DesktopApp> {
  const why = whyNoDesktop();
  if (why !== null) throw new Error(why);
  const context = await (await openBrowser()).newContext();
  const start = { entry: `${root}/out/main/index.js`, args, env };
  return onDouble(new DoubleApp({ ...start, context }), context, () => startAgain(start));
}

function onDouble(
  app: DoubleApp,
  context: BrowserContext,
  again: () => Promise<number | NodeJS.Signals>,
): DesktopApp {
  const window = async () => (await app.windows()).at(0);
  const openWindow = async () => {
    const found = await window();
    if (found === undefined) throw new Error('There is no window.');
    return found;
  };
  return {
    backend: 'double',
    double: app,
    get output() {
      return app.output;
    },
    exited: app.exited,
    tray: () => app.tray(),
    clickMenu: (...labels) => app.clickMenu(...labels),
    page: async () => {
      const found = await window();
      return found === undefined ? null : await app.page(found.id);
    },
    pageAt: async (file) => {
      const found = (await app.windows()).find(({ url }) => url.endsWith(`/${file}`));
      return found === undefined ? null : await app.page(found.id);
    },
    isWindowVisible: async () => (await window())?.visible === true,
    pressClose: async () => app.pressClose((await openWindow()).id),
    crashPage: async () => app.crash((await openWindow()).id),
    startAgain: again,
    signal: (signal) => void app.process.kill(signal),
    dispose: async () => {
      await endProcess(app.process, app.exited);
      await context.close();
    },
  };
}
