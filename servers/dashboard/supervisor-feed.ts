/**
 * The supervisor's event stream as a feed. It guarantees that after any interruption either every
 * missed event arrives (resumed by `Last-Event-ID`) or the listeners are told to read everything
 * again. One connection at a time; every end of it, whatever the cause (refused, 503, silence,
 * `shutdown`), leads to the next try. npm's eventsource gives up for good after a non-200 answer
 * (WHATWG HTML §9.2.3), so each try is a new EventSource and the cursor is kept here.
 */
import { EventSource, type FetchLike } from 'eventsource';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';
import type { Gap } from '../../shared/events.ts';
import type { EventBus, EventFeed } from './event-bus.ts';
import { fromSupervisor } from './mcp-event.ts';

const gapSchema = z.object({
  from: z.int(),
  to: z.int(),
  reason: z.enum(['lagged', 'expired', 'unknown']),
});

/** What is said when events may be missing and nobody knows which. */
const unknownGap: Gap = { from: 0, to: 0, reason: 'unknown' };

/** Largest frame that is read, in characters; an event is a few hundred bytes. */
const maxFrameLength = 4 * 1024 * 1024;

export interface SupervisorFeedOptions {
  readonly url: string;
  /** Sent as a bearer token; null where none is asked for. */
  readonly token: string | null;
  readonly bus: EventBus;
  /** Waits before the 1st, 2nd … try in a row, in ms; the last one repeats. */
  readonly reconnectMs: readonly number[];
  /** A stream without a single byte for so long, in ms, is taken for dead: its heartbeat is missing. */
  readonly silenceMs: number;
  readonly log: (line: string) => void;
}

export class SupervisorFeed implements EventFeed {
  readonly mode = 'supervisor';
  readonly #options: SupervisorFeedOptions;
  #source: EventSource | null = null;
  #connected = false;
  /** The last event's id in the supervisor's stream; null until there was one. */
  #cursor: string | null = null;
  #failures = 0;
  #lastComplaint = '';
  #retryTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;

  constructor(options: SupervisorFeedOptions) {
    this.#options = options;
    this.#connect();
  }

  get connected(): boolean {
    return this.#connected;
  }

  stop(): void {
    clearTimeout(this.#retryTimer);
    this.#disconnect();
  }

  #connect(): void {
    const source = new EventSource(this.#options.url, {
      fetch: this.#fetch,
      maxBufferSize: maxFrameLength,
    });
    this.#source = source;
    this.#armSilenceTimer();
    source.addEventListener('open', () => this.#opened());
    source.addEventListener('message', (message) => this.#received(message.data));
    source.addEventListener('gap', (message: MessageEvent) => this.#gap(message.data));
    source.addEventListener('shutdown', () => this.#lost('it is shutting down'));
    source.addEventListener('error', (error) => this.#lost(error.message ?? 'the stream ended'));
  }

  /** Adds the cursor to the first request of each connection and listens for signs of life. */
  readonly #fetch: FetchLike = async (url, init) => {
    const resume = this.#cursor === null ? {} : { 'Last-Event-ID': this.#cursor };
    const { token } = this.#options;
    const proof = token === null ? {} : { Authorization: `Bearer ${token}` };
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, ...resume, ...proof, 'User-Agent': 'project-memory-dashboard' },
    } as RequestInit);
    const { body, status, redirected, headers } = response;
    const signsOfLife = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.#silenceTimer?.refresh();
        controller.enqueue(chunk);
      },
    });
    return {
      body: body?.pipeThrough(signsOfLife) ?? null,
      url: response.url,
      status,
      redirected,
      headers,
    };
  };

  #opened(): void {
    this.#connected = true;
    this.#failures = 0;
    this.#lastComplaint = '';
    this.#options.log(`Connected to the supervisor's events at ${this.#options.url}.`);
    // Without a cursor nothing can be replayed: what happened until now is unknown.
    if (this.#cursor === null) this.#options.bus.resync(unknownGap);
  }

  #received(json: string): void {
    try {
      const { position, event } = fromSupervisor(json);
      this.#cursor = String(position);
      this.#options.bus.publish(event);
    } catch (error) {
      this.#options.log(`Ignored a malformed event of the supervisor: ${messageOf(error)}`);
    }
  }

  #gap(json: string): void {
    let gap = unknownGap;
    try {
      gap = gapSchema.parse(JSON.parse(json));
    } catch {
      // Whatever it says, a gap means that events are missing, and that is passed on.
    }
    this.#options.bus.resync(gap);
  }

  #lost(reason: string): void {
    if (this.#source === null) return;
    this.#disconnect();
    const { reconnectMs, log, url } = this.#options;
    const waitMs = reconnectMs[Math.min(this.#failures, reconnectMs.length - 1)] ?? 1_000;
    this.#failures += 1;
    // A supervisor that is away for an hour is one line, not hundreds.
    if (reason !== this.#lastComplaint)
      log(`No events from the supervisor at ${url} (${reason}); trying again.`);
    this.#lastComplaint = reason;
    this.#retryTimer = setTimeout(() => this.#connect(), waitMs);
  }

  #disconnect(): void {
    this.#connected = false;
    clearTimeout(this.#silenceTimer);
    this.#source?.close();
    this.#source = null;
  }

  #armSilenceTimer(): void {
    const { silenceMs } = this.#options;
    this.#silenceTimer = setTimeout(
      () => this.#lost(`nothing heard for ${silenceMs / 1_000} s`),
      silenceMs,
    );
  }
}
