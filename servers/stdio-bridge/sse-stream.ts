/** One response as a stream of events (WHATWG HTML §9.2), bounded in what it holds for its reader. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Flow } from './flow.ts';

/** Beyond this many bytes that the client has not taken, the server's output waits. */
const congestedBytes = 1024 * 1024;

/** How long a client may let us wait, in ms. */
export interface Patience {
  /** Who takes nothing for so long is as good as gone; noticed within twice the time. */
  readonly stallMs: number;
  /** Who reads slowly may need time for a large answer; but meanwhile others who share the server wait too. */
  readonly congestedMs: number;
}

const usualPatience: Patience = { stallMs: 10_000, congestedMs: 60_000 };

/** Proxies and sockets between us and the client close what is silent; 60 s is the shortest seen. */
const keepAliveMs = 15_000;

const sseHeaders: OutgoingHttpHeaders = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-cache, no-transform',
  'X-Accel-Buffering': 'no',
};

export class SseStream {
  readonly #response: ServerResponse;
  readonly #flow: Flow;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #patience: Patience;
  /** Set while the client has not taken enough. */
  #congestion: NodeJS.Timeout | undefined;

  /** Sends the head at once: a client waits for it before it does anything else (MCP, GET stream). */
  constructor(
    response: ServerResponse,
    flow: Flow,
    headers: OutgoingHttpHeaders = {},
    patience: Patience = usualPatience,
  ) {
    this.#response = response;
    this.#flow = flow;
    this.#patience = patience;
    response.writeHead(200, { ...sseHeaders, ...headers });
    response.flushHeaders();
    this.#keepAlive = setInterval(() => this.#write(': keep-alive\n\n'), keepAliveMs);
    response.on('drain', () => this.#relax());
    response.on('timeout', () => response.destroy());
    response.once('close', () => {
      clearInterval(this.#keepAlive);
      this.#relax();
    });
  }

  get isOpen(): boolean {
    return !this.#response.writableEnded && !this.#response.destroyed;
  }

  /** `json` is on one line. */
  send(json: string): void {
    this.#write(`event: message\ndata: ${json}\n\n`);
  }

  end(): void {
    clearInterval(this.#keepAlive);
    this.#response.end();
  }

  #write(text: string): void {
    if (!this.isOpen) return;
    this.#response.write(text);
    if (this.#response.writableLength <= congestedBytes || this.#congestion !== undefined) return;
    const { stallMs, congestedMs } = this.#patience;
    this.#flow.hold(this);
    // Node's timeout of a socket begins anew when the system has taken some of what waits.
    this.#response.setTimeout(stallMs);
    this.#congestion = setTimeout(() => this.#response.destroy(), congestedMs);
  }

  #relax(): void {
    if (this.#congestion === undefined) return;
    clearTimeout(this.#congestion);
    this.#congestion = undefined;
    this.#response.setTimeout(0);
    this.#flow.release(this);
  }
}
