/**
 * Listens to another program's server-sent events and lets them in. It is always listening or trying
 * to: back-off 1 → 2 → 4 → 8 → 16 → 30 s, forgotten after ten good seconds (old weakness W5), a stream
 * that went silent counts as lost, and after a reconnect it resumes from the last id it saw.
 */
import { EventSource, type EventSourceFetchInit } from 'eventsource';
import { messageOf } from '../../../shared/errors.ts';
import type { SourceStatus } from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import { publicAddress } from '../telemetry/redact.ts';
import type { Ingest } from './ingest.ts';
import { MinuteRate } from './rate.ts';

/** When it is tried again, and what counts as lost. */
export interface StreamTimings {
  /** Waits before the first, second … try in a row; further ones are as long as the last. */
  readonly retryDelaysMs: readonly [number, ...number[]];
  /** A connection that lasted so long was good: the next wait is the first one again. */
  readonly goodAfterMs: number;
  /** Silence after which the connection counts as lost. */
  readonly stallTimeoutMs: number;
}

const usualTimings: StreamTimings = {
  retryDelaysMs: [1_000, 2_000, 4_000, 8_000, 16_000, 30_000],
  goodAfterMs: 10_000,
  // Sources send a comment at least every 30 s; three missed ones mean a half-open connection.
  stallTimeoutMs: 95_000,
};

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
  readonly timings?: StreamTimings;
  /** Told when its state has changed, which views show. */
  readonly onChange?: () => void;
}

export class StreamSource {
  readonly #options: StreamSourceOptions;
  readonly #timings: StreamTimings;
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
    this.#timings = options.timings ?? usualTimings;
  }

  start(): void {
    if (this.#state === 'idle') this.#connect();
  }

  stop(): void {
    this.#drop();
    this.#enter('idle');
  }

  /** Tries at once instead of waiting: the program behind it has just come up. */
  retryNow(): void {
    if (this.#state !== 'waiting') return;
    this.#drop();
    this.#connect();
  }

  status(): SourceStatus {
    const url = this.#options.target.url();
    return {
      name: this.#options.name,
      kind: 'stream',
      state: this.#state,
      url: url === null ? null : publicAddress(url),
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
      this.#lastError = 'its service is not running';
      this.#enter('waiting');
      return;
    }
    this.#nextRetryAt = null;
    this.#enter('connecting');
    this.#awaitLife();
    const source = new EventSource(url, { fetch: (input, init) => this.#fetch(input, init) });
    this.#source = source;
    source.addEventListener('open', () => {
      this.#lastError = null;
      this.#openedAt = performance.now();
      this.#enter('connected');
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
  async #fetch(input: string | URL, init: EventSourceFetchInit) {
    const headers = new Headers({ ...this.#options.target.headers, ...init.headers });
    // WHATWG HTML §9.2.4: encoded as UTF-8; `Headers` takes one character for each byte.
    const cursor = Buffer.from(this.#lastEventId ?? '').toString('latin1');
    if (cursor !== '') headers.set('Last-Event-ID', cursor);
    const response = await fetch(input, { ...init, headers });
    // What a connection that was let go still brings is no life of the next one.
    const noteLife = () => {
      if (init.signal.aborted !== true) this.#awaitLife();
    };
    noteLife();
    const tap = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        noteLife();
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

  /** The connection counts as lost unless a sign of life comes in time. */
  #awaitLife(): void {
    if (this.#stall) clearTimeout(this.#stall);
    const { stallTimeoutMs } = this.#timings;
    this.#stall = setTimeout(
      () => this.#retryLater(`silent for ${stallTimeoutMs / 1000} s`),
      stallTimeoutMs,
    );
  }

  #retryLater(reason: string): void {
    const { retryDelaysMs, goodAfterMs } = this.#timings;
    const wasGood = this.#openedAt !== null && performance.now() - this.#openedAt >= goodAfterMs;
    this.#drop();
    this.#failures = wasGood ? 1 : this.#failures + 1;
    const delayMs =
      retryDelaysMs[Math.min(this.#failures, retryDelaysMs.length) - 1] ?? retryDelaysMs[0];
    this.#lastError = messageOf(reason);
    this.#nextRetryAt = new Date(Date.now() + delayMs);
    this.#enter('waiting');
    this.#timer = setTimeout(() => this.#connect(), delayMs);
    const { logger, name } = this.#options;
    logger.info({ source: name, reason, delayMs }, 'event source lost, trying again');
  }

  #enter(state: SourceStatus['state']): void {
    this.#state = state;
    this.#options.onChange?.();
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
