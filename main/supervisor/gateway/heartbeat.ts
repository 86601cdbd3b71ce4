/**
 * `/supervisor/heartbeat`: how editors know that the supervisor lives, without polling. The first frame comes
 * at once (old weakness W16).
 */
import type { ServerResponse } from 'node:http';
import type { Beat } from '../../../shared/heartbeat.ts';

const beatPeriodMs = 10_000;

/** A listener that has not read so much, in bytes, is gone or stuck; it may connect again. */
const maxBacklogBytes = 64 * 1024;

export class Heartbeat {
  readonly #listeners = new Set<ServerResponse>();
  readonly #beat: () => Beat;
  #timer: NodeJS.Timeout | null = null;

  constructor(beat: () => Beat) {
    this.#beat = beat;
  }

  /** Answers a GET with the stream of beats, a HEAD with its head. */
  subscribe(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    if (response.req.method === 'HEAD') {
      response.end();
      return;
    }
    response.write(this.#frame());
    this.#listeners.add(response);
    this.#timer ??= setInterval(() => this.#beatAll(), beatPeriodMs);
    response.once('close', () => {
      this.#listeners.delete(response);
      if (this.#listeners.size === 0) this.#stopTimer();
    });
  }

  /** Tells everyone now: something changed that a beat reports. */
  beatNow(): void {
    if (this.#listeners.size > 0) this.#beatAll();
  }

  close(): void {
    this.#stopTimer();
    for (const response of this.#listeners) response.end();
  }

  #beatAll(): void {
    const frame = this.#frame();
    for (const response of this.#listeners) {
      if (response.writableLength > maxBacklogBytes) response.destroy();
      else response.write(frame);
    }
  }

  #frame(): string {
    return `data: ${JSON.stringify(this.#beat())}\n\n`;
  }

  #stopTimer(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }
}
