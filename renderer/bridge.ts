/**
 * The page's one way to its supervisor. In Electron the preload script put a bridge at
 * `window.supervisor`; in a browser the page builds its own over HTTP and server-sent events.
 */
import type { SupervisorBridge } from '../shared/api.ts';
import { createBrowserBridge } from './browser-bridge.ts';

/**
 * How the page and the supervisor stand. `lost`: was there, is being tried again. `unauthorized`:
 * answers, but not to this page, and trying again without a token cannot help.
 */
export type Connection = 'connecting' | 'live' | 'lost' | 'unauthorized';

/** A supervisor bridge that also tells how the connection is, which only a browser can lose. */
export interface PageBridge extends SupervisorBridge {
  /** Listens until the returned function is called. The present state is told at once. */
  listenConnection(listener: (connection: Connection) => void): () => void;
  /** Tries to connect now, without waiting for the next try. */
  reconnect(): void;
}

declare global {
  interface Window {
    /** Put there by `preload/`; absent in a browser. */
    readonly supervisor?: SupervisorBridge;
  }
}

/** The bridge of the host that this page runs in. */
export function choosePageBridge(host: Window & typeof globalThis): PageBridge {
  return host.supervisor === undefined ? createBrowserBridge(host) : overIpc(host.supervisor);
}

/** In Electron the page lives inside the supervisor: the connection cannot be lost. */
function overIpc(bridge: SupervisorBridge): PageBridge {
  return {
    call: (name, argument) => bridge.call(name, argument),
    listen: (name, listener) => bridge.listen(name, listener),
    listenConnection: (listener) => {
      listener('live');
      return () => undefined;
    },
    reconnect: () => undefined,
  };
}
