/** One response as a stream of events (WHATWG HTML §9.2), bounded in what it holds for its reader. */
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Flow } from './flow.ts';

/** Beyond this many bytes that the client has not taken, the server's output waits. */
const congestedBytes = 1024 * 1024;

/** A client that takes nothing for so long is as good as gone, in ms. */
const stallMs = 10_000;

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
  #stall: NodeJS.Timeout | undefined;

  /** Sends the head at once: a client waits for it before it does anything else (MCP, GET stream). */
  constructor(response: ServerResponse, flow: Flow, headers: OutgoingHttpHeaders = {}) {
    this.#response = response;
    this.#flow = flow;
    response.writeHead(200, { ...sseHeaders, ...headers });
    response.flushHeaders();
    this.#keepAlive = setInterval(() => this.#write(': keep-alive\n\n'), keepAliveMs);
    response.on('drain', () => this.#relax());
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
    if (this.#response.writableLength <= congestedBytes || this.#stall !== undefined) return;
    this.#flow.hold(this);
    this.#stall = setTimeout(() => this.#response.destroy(), stallMs);
  }

  #relax(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#flow.release(this);
  }
}
