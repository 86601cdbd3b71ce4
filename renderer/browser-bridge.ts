/**
 * The bridge in a browser: requests are `POST control`, news come on one EventSource at
 * `control/watch`. All addresses are relative, so the page works under any prefix.
 *
 * An EventSource stops for good after an HTTP error and never says which one it was (WHATWG HTML
 * §9.2.3). So each loss closes the stream, one small request finds out whether the token is missing,
 * and a new stream is opened after 1, 2, 4, 8, 10, 10 … seconds. A page that nobody has looked at
 * for a minute lets go of its stream and takes it up again when it is looked at.
 */
import type { Pushes } from '../shared/api.ts';
import type { ControlRequest, Reply } from '../shared/control-protocol.ts';
import { CodedError } from '../shared/errors.ts';
import type { StatusSnapshot } from '../shared/status.ts';
import type { Connection, PageBridge } from './bridge.ts';

const firstRetryMs = 1_000;
const maxRetryMs = 10_000;
const probeTimeoutMs = 5_000;
const hiddenGraceMs = 60_000;

/** The part of an EventSource that the bridge uses. */
export interface PushStream {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

/** What the bridge needs of the browser. */
export interface BrowserHost {
  readonly document: Pick<Document, 'hidden' | 'addEventListener'>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly open: (url: string, target: string, features: string) => unknown;
  readonly EventSource: new (url: string) => PushStream;
}

type Listener<Name extends keyof Pushes> = (message: Pushes[Name]['message']) => void;

/** Builds the bridge; it connects with the first listener and disconnects after the last one. */
export function createBrowserBridge(host: BrowserHost): PageBridge {
  return new BrowserBridge(host);
}

class BrowserBridge implements PageBridge {
  readonly #host: BrowserHost;
  readonly #snapshotListeners = new Set<Listener<'snapshot'>>();
  readonly #eventListeners = new Set<Listener<'events'>>();
  readonly #connectionListeners = new Set<(connection: Connection) => void>();
  #connection: Connection = 'connecting';
  #latest: StatusSnapshot | null = null;
  #stream: PushStream | null = null;
  /** Losses since the last snapshot. */
  #losses = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #hiddenTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: BrowserHost) {
    this.#host = host;
    host.document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  call: PageBridge['call'] = async (name, argument) => {
    if (name === 'control') return (await this.#control(argument as ControlRequest)) as never;
    if (name === 'openConfigFile')
      throw new CodedError('unsupported', 'A browser cannot open files.');
    this.#openExternal(argument as string);
    return undefined as never;
  };

  listen: PageBridge['listen'] = (name, listener) => {
    const remove = this.#add(name, listener as Listener<keyof Pushes>);
    this.#connect();
    return () => {
      remove();
      if (this.#snapshotListeners.size + this.#eventListeners.size === 0) this.#disconnect();
    };
  };

  listenConnection(listener: (connection: Connection) => void): () => void {
    this.#connectionListeners.add(listener);
    listener(this.#connection);
    return () => this.#connectionListeners.delete(listener);
  }

  reconnect(): void {
    this.#disconnect();
    this.#connect();
  }

  #add(name: keyof Pushes, listener: Listener<keyof Pushes>): () => void {
    if (name === 'events') {
      this.#eventListeners.add(listener);
      return () => this.#eventListeners.delete(listener);
    }
    this.#snapshotListeners.add(listener);
    if (this.#latest !== null) (listener as Listener<'snapshot'>)(this.#latest);
    return () => this.#snapshotListeners.delete(listener);
  }

  #connect(): void {
    if (this.#stream !== null || this.#retryTimer !== undefined) return;
    const stream = new this.#host.EventSource('control/watch');
    this.#stream = stream;
    stream.addEventListener('snapshot', ({ data }) => {
      if (stream === this.#stream) this.#onSnapshot(JSON.parse(data) as StatusSnapshot);
    });
    stream.addEventListener('events', ({ data }) => {
      if (stream !== this.#stream) return;
      const batch = JSON.parse(data) as Pushes['events']['message'];
      for (const listener of this.#eventListeners) listener(batch);
    });
    stream.addEventListener('error', () => {
      if (stream === this.#stream) void this.#onLoss(stream);
    });
  }

  #disconnect(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#stream?.close();
    this.#stream = null;
  }

  #onSnapshot(snapshot: StatusSnapshot): void {
    this.#losses = 0;
    this.#latest = snapshot;
    this.#tell('live');
    for (const listener of this.#snapshotListeners) listener(snapshot);
  }

  async #onLoss(stream: PushStream): Promise<void> {
    stream.close();
    const refused = await this.#isRefused();
    // While it was found out, the page may have disconnected or gone on with a new stream.
    if (stream !== this.#stream) return;
    this.#stream = null;
    if (refused) {
      this.#tell('unauthorized');
      return;
    }
    this.#tell('lost');
    const delayMs = Math.min(firstRetryMs * 2 ** this.#losses, maxRetryMs);
    this.#losses += 1;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.#connect();
    }, delayMs);
  }

  async #isRefused(): Promise<boolean> {
    const signal = AbortSignal.timeout(probeTimeoutMs);
    try {
      return (await this.#post({ type: 'WhoAmI' }, signal)).status === 401;
    } catch {
      // Not reachable at all: that is a lost connection, which the caller reports.
      return false;
    }
  }

  #post(request: ControlRequest, signal: AbortSignal | null): Promise<Response> {
    return this.#host.fetch('control', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      credentials: 'same-origin',
      cache: 'no-store',
      body: JSON.stringify(request),
      signal,
    });
  }

  async #control(request: ControlRequest): Promise<Reply> {
    const response = await this.#post(request, null).catch((cause: unknown) => {
      throw new Error('The supervisor cannot be reached.', { cause });
    });
    if (response.status === 401) {
      this.#disconnect();
      this.#tell('unauthorized');
    }
    const reply: unknown = await response.json().catch(() => null);
    if (isReply(reply)) return reply;
    throw new Error(`The supervisor gave an unexpected answer (HTTP ${response.status}).`);
  }

  #openExternal(url: string): void {
    const { protocol } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') {
      throw new Error(`Only http and https addresses can be opened, not ${protocol}`);
    }
    this.#host.open(url, '_blank', 'noopener');
  }

  #onVisibility(): void {
    clearTimeout(this.#hiddenTimer);
    if (this.#snapshotListeners.size + this.#eventListeners.size === 0) return;
    if (this.#host.document.hidden) {
      this.#hiddenTimer = setTimeout(() => this.#disconnect(), hiddenGraceMs);
    } else if (this.#stream === null) {
      this.reconnect();
    }
  }

  #tell(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    for (const listener of this.#connectionListeners) listener(connection);
  }
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'ok' in value;
}
