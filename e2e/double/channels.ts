/** The doubles of `ipcMain`, `protocol` and `webRequest`: the ways from a page to the application. */
import { EventEmitter } from 'node:events';
import { host } from './host.ts';
import type { SchemeAnswer } from './protocol.ts';
import type { WebContentsDouble } from './windows.ts';

type InvokeListener = (event: object, ...args: readonly unknown[]) => unknown;

/** Only a main frame has a preload in the double, so it is the only frame that can send. */
function senderEvent(sender: WebContentsDouble, url: string): object {
  return { type: 'frame', sender, senderFrame: { url, parent: null }, frameId: 1, processId: 1 };
}

class IpcMainDouble extends EventEmitter {
  readonly #handlers = new Map<string, InvokeListener>();

  handle(channel: string, listener: InvokeListener): void {
    if (this.#handlers.has(channel)) {
      throw new Error(`Attempted to register a second handler for '${channel}'`);
    }
    this.#handlers.set(channel, listener);
  }

  async receiveInvoke(
    sender: WebContentsDouble,
    url: string,
    channel: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    const handler = this.#handlers.get(channel);
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
    return await handler(senderEvent(sender, url), ...args);
  }

  receive(sender: WebContentsDouble, url: string, channel: string, args: readonly unknown[]): void {
    this.emit(channel, senderEvent(sender, url), ...args);
  }
}

class ProtocolDouble implements Pick<Electron.Protocol, 'handle' | 'registerSchemesAsPrivileged'> {
  readonly #handlers = new Map<string, (request: Request) => Response | Promise<Response>>();
  #schemes: readonly string[] | undefined;

  registerSchemesAsPrivileged(schemes: Electron.CustomScheme[]): void {
    if (this.#schemes !== undefined) throw new Error('Schemes are registered only once.');
    this.#schemes = schemes.map(({ scheme }) => scheme);
  }

  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    if (this.#schemes?.includes(scheme) !== true) throw new Error(`${scheme}: is not registered.`);
    this.#handlers.set(scheme, handler);
    void host('scheme.handle', scheme);
  }

  async fetch(
    url: string,
    method: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<SchemeAnswer> {
    const handler = this.#handlers.get(new URL(url).protocol.slice(0, -1));
    if (handler === undefined) throw new Error(`Nobody handles ${url}`);
    const response = await handler(new Request(url, { method, headers }));
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.bytes(),
    };
  }
}

type BeforeRequest = Parameters<Electron.WebRequest['onBeforeRequest']>[0];

class WebRequestDouble {
  #listener: BeforeRequest = null;

  onBeforeRequest(listener: BeforeRequest): void {
    this.#listener = listener;
  }

  isAllowed(url: string, resourceType: string): boolean {
    let isAllowed = true;
    const details = { url, resourceType } as Electron.OnBeforeRequestListenerDetails;
    this.#listener?.(details, ({ cancel }) => {
      isAllowed = cancel !== true;
    });
    return isAllowed;
  }
}

export const ipcMain = new IpcMainDouble();
export const protocol = new ProtocolDouble();
export const webRequest = new WebRequestDouble();
