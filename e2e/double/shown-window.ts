/**
 * One window of the application as a page of Chromium. The preload runs in an isolated world of its
 * own, as in Electron, made with the DevTools protocol; `page.js` joins the two worlds.
 */
import { readFileSync } from 'node:fs';
import type { BrowserContext, CDPSession, Page, Route } from 'playwright';
import { messageOf } from '../../shared/errors.ts';
import { realAddress, shownAddress } from './addresses.ts';
import { type Call, ifGone } from './link.ts';
import type { AppMethods, WindowOptions } from './protocol.ts';

/** Its functions as plain script text: what a browser injects is no module. */
const pageScript = readFileSync(new URL('./page.js', import.meta.url), 'utf8').replaceAll(
  /^export /gm,
  '',
);
const worldName = 'preload';

/** What the preload's `ipcRenderer` sends. */
type FromPreload =
  | { readonly send: string; readonly args: readonly unknown[] }
  | { readonly failed: string }
  | { readonly invoke: number; readonly channel: string; readonly args: readonly unknown[] };

export interface ShownWindowOptions extends WindowOptions {
  readonly id: number;
  readonly context: BrowserContext;
  readonly call: Call<AppMethods>;
}

export class ShownWindow {
  readonly page: Page;
  readonly #id: number;
  readonly #call: Call<AppMethods>;
  readonly #devtools: CDPSession;
  /** The preload's world in the main frame; a subframe has one of its own. */
  #world: number | undefined;
  #loading: string | undefined;

  private constructor(page: Page, devtools: CDPSession, { id, call }: ShownWindowOptions) {
    this.page = page;
    this.#devtools = devtools;
    this.#id = id;
    this.#call = call;
  }

  static async open(options: ShownWindowOptions): Promise<ShownWindow> {
    const { context, width, height, preload } = options;
    const page = await context.newPage();
    await page.setViewportSize({ width, height });
    const window = new ShownWindow(page, await context.newCDPSession(page), options);
    await window.#isolate(preload);
    await window.#guard();
    return window;
  }

  async load(url: string): Promise<void> {
    this.#loading = shownAddress(url);
    await this.page.goto(this.#loading);
    // A page of Electron may close its window. In Chromium that takes a page without a past (HTML §7.2.2.1).
    await this.#devtools.send('Page.resetNavigationHistory');
  }

  /** Gives the preload a message or an answer. */
  async deliver(message: object): Promise<void> {
    if (this.#world === undefined) return;
    const expression = `__deliver(${JSON.stringify(message)})`;
    await this.#devtools.send('Runtime.evaluate', { contextId: this.#world, expression });
  }

  async #guard(): Promise<void> {
    const { page } = this;
    await page.route('**/*', (route) => this.#decide(route));
    page.on('popup', async (popup) => {
      const url = realAddress(popup.url());
      const isAllowed = await this.#call('window.may-open', this.#id, url).catch(ifGone(false));
      if (!isAllowed) await popup.close();
    });
    page.on('close', () => {
      this.#call('window.closed', this.#id).catch(() => {
        // The application ended, and took its window along.
      });
    });
  }

  /** Asks the application about navigations and requests, as Electron's events do. */
  async #decide(route: Route): Promise<void> {
    const request = route.request();
    const url = realAddress(request.url());
    const isNavigation = request.isNavigationRequest() && request.frame() === this.page.mainFrame();
    if (isNavigation && request.url() !== this.#loading) {
      const mayGo = await this.#call('window.may-navigate', this.#id, url).catch(ifGone(false));
      if (!mayGo) return await route.fulfill({ status: 204 }); // A 204 leaves the page as it is.
    }
    const resourceType = isNavigation ? 'mainFrame' : request.resourceType();
    const isAllowed = await this.#call('request.allowed', url, resourceType).catch(ifGone(false));
    return isAllowed ? await route.fallback() : await route.abort();
  }

  async #isolate(preload: string): Promise<void> {
    const devtools = this.#devtools;
    const { frameTree } = await devtools.send('Page.getFrameTree');
    devtools.on('Runtime.executionContextCreated', ({ context }) => {
      const isMainFrame = context.auxData?.['frameId'] === frameTree.frame.id;
      if (context.name === worldName && isMainFrame) this.#world = context.id;
    });
    devtools.on('Runtime.bindingCalled', ({ payload }) => {
      void this.#receive(JSON.parse(payload) as FromPreload);
    });
    await devtools.send('Page.enable');
    await devtools.send('Runtime.enable');
    await devtools.send('Runtime.addBinding', {
      name: '__double',
      executionContextName: worldName,
    });
    await devtools.send('Page.addScriptToEvaluateOnNewDocument', {
      source: `{ ${pageScript}\nbridge('double:page', 'double:preload'); }`,
    });
    await devtools.send('Page.addScriptToEvaluateOnNewDocument', {
      worldName,
      source: `{
        ${pageScript}
        if (location.protocol !== 'about:' && window === window.top) {
          runPreload((require, module, exports, process) => {
            ${preload}
          }, bridge('double:preload', 'double:page'));
        }
      }`,
    });
  }

  /** Whatever a page sends while its window, or the application, ends has nobody to read it any more. */
  async #receive(message: FromPreload): Promise<void> {
    const url = realAddress(this.page.url());
    if ('failed' in message) {
      await this.#call('preload.failed', this.#id, message.failed).catch(ifGone(undefined));
      return;
    }
    if ('send' in message) {
      await this.#call('ipc.send', this.#id, message.send, message.args, url).catch(
        ifGone(undefined),
      );
      return;
    }
    const { invoke, channel, args } = message;
    const reply = await this.#call('ipc.invoke', this.#id, channel, args, url).then(
      (value) => ({ value }),
      (error: unknown) => ({ error: `Error: ${messageOf(error)}` }),
    );
    await this.deliver({ invoke, ...reply }).catch(() => {
      // The page was closed before the answer came.
    });
  }
}
