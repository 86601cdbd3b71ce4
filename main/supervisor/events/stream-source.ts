/**
 * Listens to another program's server-sent events and lets them in. It is always listening or trying
 * to: back-off 1 → 2 → 4 → 8 → 16 → 30 s, forgotten after ten good seconds (old weakness W5), a stream
 * that went silent counts as lost, and after a reconnect it resumes from the last id it saw.
 */
import { EventSource } from 'eventsource';
import { messageOf } from '../../../shared/errors.ts';
import type { SourceStatus } from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Ingest } from './ingest.ts';
import { MinuteRate } from './rate.ts';

const retryDelaysMs = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000] as const;
const goodAfterMs = 10_000;
/** Sources send a comment at least every 30 s; three missed ones mean a half-open connection. */
const defaultStallTimeoutMs = 95_000;

/** Where to listen. */
export interface StreamTarget {
  /** Null while the program behind it is not up. */
  readonly url: () => string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface StreamSourceOptions {
  readonly name: string;
  readonly target: StreamTarget;
  /** Null while events are switched off. */
  readonly ingest: () => Ingest | null;
  readonly logger: Logger;
  /** Silence after which the connection counts as lost, in ms. */
  readonly stallTimeoutMs?: number;
}

export class StreamSource {
  readonly #options: StreamSourceOptions;
  #source: EventSource | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stall: NodeJS.Timeout | null = null;
  #state: SourceStatus['state'] = 'idle';
  #failures = 0;
  #openedAt: number | null = null;
  #lastEventId: string | null = null;
  #received = 0;
  #lastEventAt: string | null = null;
  #lastError: string | null = null;
  #nextRetryAt: Date | null = null;
  readonly #rate = new MinuteRate();

  constructor(options: StreamSourceOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#state === 'idle') this.#connect();
  }

  stop(): void {
    this.#drop();
    this.#state = 'idle';
  }

  /** Tries at once instead of waiting: the program behind it has just come up. */
  retryNow(): void {
    if (this.#state !== 'waiting') return;
    this.#drop();
    this.#connect();
  }

  status(): SourceStatus {
    return {
      name: this.#options.name,
      kind: 'stream',
      state: this.#state,
      url: this.#options.target.url(),
      received: this.#received,
      perMinute: this.#rate.perMinute,
      lastEventAt: this.#lastEventAt,
      lastError: this.#lastError,
      nextRetryAt: this.#nextRetryAt?.toISOString() ?? null,
    };
  }

  #connect(): void {
    const url = this.#options.target.url();
    if (url === null) {
      // Nothing to try: `retryNow` comes when the service is up.
      this.#state = 'waiting';
      this.#lastError = 'its service is not running';
      return;
    }
    this.#state = 'connecting';
    this.#nextRetryAt = null;
    const source = new EventSource(url, { fetch: (input, init) => this.#fetch(input, init) });
    this.#source = source;
    source.addEventListener('open', () => {
      this.#state = 'connected';
      this.#lastError = null;
      this.#openedAt = performance.now();
      this.#options.logger.info({ source: this.#options.name }, 'event source connected');
    });
    source.addEventListener('error', (event) => {
      // The package would retry by itself, without back-off; one connection is one try here.
      if (this.#source === source) this.#retryLater(event.message ?? 'the stream ended');
    });
    source.addEventListener('message', (event) => this.#accept(event));
    source.addEventListener('mcp_event', (event) => this.#accept(event));
  }

  /** Resumes by cursor from the first request on, and sees every byte, comments too. */
  async #fetch(input: string | URL, init: { headers: Record<string, string> }) {
    const headers = new Headers({ ...this.#options.target.headers, ...init.headers });
    if (this.#lastEventId !== null) headers.set('Last-Event-ID', this.#lastEventId);
    const response = await fetch(input, { ...init, headers });
    this.#noteLife();
    const tap = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.#noteLife();
        controller.enqueue(chunk);
      },
    });
    const { status, url, redirected } = response;
    const body = response.body?.pipeThrough(tap) ?? null;
    return { status, url, redirected, headers: response.headers, body };
  }

  #accept(event: MessageEvent): void {
    if (event.lastEventId !== '') this.#lastEventId = event.lastEventId;
    const ingest = this.#options.ingest();
    if (ingest === null) return;
    this.#received += 1;
    this.#rate.count();
    this.#lastEventAt = new Date().toISOString();
    try {
      ingest.accept(JSON.parse(String(event.data)), `stream:${this.#options.name}`);
    } catch (error) {
      ingest.countRejected();
      this.#options.logger.warn(
        { err: error, source: this.#options.name },
        'event of a source refused',
      );
    }
  }

  #noteLife(): void {
    if (this.#stall) clearTimeout(this.#stall);
    const { stallTimeoutMs = defaultStallTimeoutMs } = this.#options;
    this.#stall = setTimeout(
      () => this.#retryLater(`silent for ${stallTimeoutMs / 1000} s`),
      stallTimeoutMs,
    );
  }

  #retryLater(reason: string): void {
    const wasGood = this.#openedAt !== null && performance.now() - this.#openedAt >= goodAfterMs;
    this.#drop();
    this.#failures = wasGood ? 1 : this.#failures + 1;
    const delayMs = retryDelaysMs[Math.min(this.#failures, retryDelaysMs.length) - 1] ?? 30_000;
    this.#state = 'waiting';
    this.#lastError = messageOf(reason);
    this.#nextRetryAt = new Date(Date.now() + delayMs);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    const { logger, name } = this.#options;
    logger.info({ source: name, reason, delayMs }, 'event source lost, trying again');
  }

  /** Lets go of the connection and of all timers. */
  #drop(): void {
    this.#source?.close();
    this.#source = null;
    this.#openedAt = null;
    this.#nextRetryAt = null;
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#stall) clearTimeout(this.#stall);
    this.#timer = null;
    this.#stall = null;
  }
}
