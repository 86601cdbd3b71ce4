/**
 * `GET /api/events/stream`, byte for byte the stream of the old dashboard: `connected` first, then
 * `mcp_event` frames without ids, a comment every 30 s. Added: `resync`, when events were missed.
 * A client that does not read costs at most 1 MiB and is then dropped; it finds what it missed
 * through the API, as after any other lost connection.
 */
import type { ServerResponse } from 'node:http';
import type { EventBus } from './event-bus.ts';

/** How many bytes may wait for one client before it is dropped. */
export const maxBacklogBytes = 1024 * 1024;

export interface EventStreamOptions {
  readonly bus: EventBus;
  readonly heartbeatMs: number;
}

export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #clients = new Set<ServerResponse>();
  #heartbeat: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => {};

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /** Makes the response a stream that lives until its client leaves, lags or `close` is called. */
  add(response: ServerResponse): void {
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache',
      Connection: 'keep-alive',
    });
    response.once('close', () => this.#remove(response));
    if (this.#clients.size === 0) this.#start();
    this.#clients.add(response);
    response.write('event: connected\ndata: {"connected":true}\n\n');
  }

  /** Ends every stream. */
  close(): void {
    for (const client of this.#clients) client.end();
  }

  #start(): void {
    const { bus, heartbeatMs } = this.#options;
    this.#unsubscribe = bus.subscribe({
      event: (event) => this.#send(`event: mcp_event\ndata: ${JSON.stringify(event)}\n\n`),
      resync: (gap) => this.#send(`event: resync\ndata: ${JSON.stringify(gap)}\n\n`),
    });
    this.#heartbeat = setInterval(() => this.#send(':heartbeat\n\n'), heartbeatMs);
  }

  #remove(client: ServerResponse): void {
    if (!this.#clients.delete(client) || this.#clients.size > 0) return;
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
  }

  #send(frame: string): void {
    const bytes = Buffer.from(frame);
    for (const client of this.#clients) {
      client.write(bytes);
      if (client.writableLength <= maxBacklogBytes) continue;
      // `end` would wait for the backlog to be read, which is just what does not happen.
      this.#remove(client);
      client.destroy();
    }
  }
}
