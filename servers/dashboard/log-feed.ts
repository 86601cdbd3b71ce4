/**
 * The tail of `event_log` as a feed, for a dashboard without a supervisor. It follows the
 * AUTOINCREMENT id, never the time: ids neither repeat nor run backwards, clocks do. It reads only
 * while somebody listens and starts at the newest event, because whoever comes reads the rest first.
 */
import { messageOf } from '../../shared/errors.ts';
import type { EventBus, EventFeed } from './event-bus.ts';
import { fromLogRow } from './mcp-event.ts';
import type { MemoryReader } from './memory-reader.ts';

/** Rows per query, so that a long backlog is not held in memory at once. */
const batchSize = 500;

export interface LogFeedOptions {
  readonly reader: MemoryReader;
  readonly bus: EventBus;
  readonly intervalMs: number;
  readonly log: (line: string) => void;
}

export class LogFeed implements EventFeed {
  readonly mode = 'local';
  readonly #options: LogFeedOptions;
  #timer: NodeJS.Timeout | undefined;
  /** The last row that was told; null when the newest could not be read yet. */
  #position: number | null = null;
  #complained = false;

  constructor(options: LogFeedOptions) {
    this.#options = options;
    options.bus.onAudience((present) => (present ? this.#start() : this.stop()));
  }

  get connected(): boolean {
    return this.#options.reader.lastError === null;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #start(): void {
    this.#position = null;
    this.#tick();
    this.#timer = setInterval(() => this.#tick(), this.#options.intervalMs);
  }

  #tick(): void {
    try {
      this.#readNew();
      this.#complained = false;
    } catch (error) {
      if (!this.#complained) this.#options.log(messageOf(error));
      this.#complained = true;
    }
  }

  #readNew(): void {
    const { reader, bus } = this.#options;
    const newest = reader.latestEventId();
    let position = this.#position ?? newest;
    // Ids only fall when the file was replaced; and a listener that came while it could not be
    // read has missed what was logged meanwhile.
    if (newest < position || (this.#position === null && this.#complained)) {
      bus.resync({ from: newest, to: position, reason: 'unknown' });
      position = newest;
    }
    while (position < newest) {
      const batch = reader.eventsAfter(position, batchSize);
      for (const row of batch) bus.publish(fromLogRow(row));
      position = batch.at(-1)?.id ?? newest;
    }
    this.#position = position;
  }
}
