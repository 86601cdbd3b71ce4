/**
 * The journal keeps events on disk, so that replay works after a restart or a kill -9. It lives in a
 * thread of its own (journal-thread.ts); here is the queue to it. Appending never waits. What the disk
 * does not take is counted and said, and replay tells subscribers of the hole; events go on in memory.
 * A disk that is full or cannot be written is tried again, whether that was found at the start or later.
 */
import { Worker } from 'node:worker_threads';
import type { JournalStatus } from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import {
  type FromJournal,
  type JournalExtent,
  type JournalLimits,
  type JournalStart,
  noExtent,
  type StoredEvents,
  type ToJournal,
} from './journal-messages.ts';

/** A batch is handed over when it has so many events, or is so old (ms). */
const batchEvents = 256;
const batchDelayMs = 50;

/** Events the thread has not answered for; beyond them the disk is too slow and events are not kept. */
const maxUnanswered = 50_000;

/** How long the thread may take to open or to close its file, in ms. */
const threadTimeoutMs = 10_000;

export interface JournalOptions extends JournalLimits {
  readonly file: string;
  /** The script of the thread. */
  readonly threadFile: string;
  readonly tail: number;
  readonly logger: Logger;
  /** Its state has changed. */
  readonly onChange?: () => void;
}

export interface JournalPage {
  readonly events: StoredEvents;
  readonly oldestId: number;
}

const nothing: StoredEvents = { ids: [], texts: [] };

export class Journal {
  readonly #worker: Worker;
  readonly #options: JournalOptions;
  readonly #opened = Promise.withResolvers<StoredEvents>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #reads = new Map<number, (page: JournalPage) => void>();
  /** Null until the file was opened. */
  #extent: JournalExtent | null = null;
  #state: JournalStatus['state'] = 'on';
  #lastError: string | null = null;
  #lost = 0;
  #batch: string[] = [];
  #batchFirstId = 0;
  #timer: NodeJS.Timeout | null = null;
  #unanswered: number[] = [];
  #waiting = 0;
  #sequence = 0;

  private constructor(options: JournalOptions) {
    this.#options = options;
    const { file, maxEvents, maxAgeMs, tail } = options;
    const workerData: JournalStart = { file, maxEvents, maxAgeMs, tail };
    this.#worker = new Worker(options.threadFile, { workerData, name: 'event-journal' });
    this.#worker.on('message', (message: FromJournal) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(String(error)));
    this.#worker.on('exit', () => this.#fail('its thread ended'));
    // A supervisor that has nothing else to do may end; it closes the journal before.
    this.#worker.unref();
  }

  /**
   * Opens the file; resolves with the newest events. Where that is not possible, with none: then it is
   * `troubled` until it could be opened after all, and `failed` without a thread that tries.
   */
  static async open(options: JournalOptions): Promise<{ journal: Journal; tail: StoredEvents }> {
    const journal = new Journal(options);
    const timer = setTimeout(() => journal.#fail('its file did not open in time'), threadTimeoutMs);
    const tail = await journal.#opened.promise;
    clearTimeout(timer);
    return { journal, tail };
  }

  /** The largest id on disk; 0 when there is none, null while the file could not be opened. */
  get lastId(): number | null {
    return this.#extent?.lastId ?? null;
  }

  status(): JournalStatus {
    const { count, oldestId } = this.#extent ?? noExtent;
    const { file } = this.#options;
    const lastError = this.#lastError;
    return { state: this.#state, file, events: count, oldestId, lost: this.#lost, lastError };
  }

  /** Keeps an event; ids must follow each other. Never waits, never throws. */
  append(id: number, json: string): void {
    if (this.#state === 'failed') return;
    if (this.#waiting >= maxUnanswered) {
      this.#lose(1, 'the disk is slower than the events');
      return;
    }
    if (this.#batch.length > 0 && id !== this.#batchFirstId + this.#batch.length) this.#handOver();
    if (this.#batch.length === 0) this.#batchFirstId = id;
    this.#batch.push(json);
    this.#waiting += 1;
    if (this.#batch.length >= batchEvents) this.#handOver();
    else this.#timer ??= setTimeout(() => this.#handOver(), batchDelayMs);
  }

  /** Events from an id on, as far as they are kept; also those appended a moment ago. */
  read(from: number, limit: number): Promise<JournalPage> {
    if (this.#state === 'failed') return Promise.resolve({ events: nothing, oldestId: 0 });
    this.#handOver();
    this.#sequence += 1;
    const sequence = this.#sequence;
    return new Promise((resolve) => {
      this.#reads.set(sequence, resolve);
      this.#post({ kind: 'read', sequence, from, limit });
    });
  }

  /** Writes what is queued and closes the file. */
  async close(): Promise<void> {
    this.#worker.removeAllListeners('exit');
    if (this.#state === 'failed') {
      await this.#worker.terminate();
      return;
    }
    this.#handOver();
    this.#post({ kind: 'close' });
    const timer = setTimeout(() => this.#closed.resolve(), threadTimeoutMs);
    await this.#closed.promise;
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #handOver(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#batch.length === 0) return;
    const texts = this.#batch;
    this.#batch = [];
    this.#unanswered.push(texts.length);
    this.#post({ kind: 'append', firstId: this.#batchFirstId, at: Date.now(), texts });
  }

  #post(message: ToJournal): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromJournal): void {
    const { logger, file } = this.#options;
    switch (message.kind) {
      case 'opened':
        this.#extent = message.extent;
        if (message.setAside !== null) {
          this.#lastError = `The file was damaged and set aside as ${message.setAside}.`;
          logger.error(
            { file, setAside: message.setAside },
            'event journal was damaged; a new one is kept',
          );
        }
        this.#opened.resolve(message.tail);
        this.#works();
        return;
      case 'not_opened':
        this.#trouble(message.error, 'event journal cannot be opened; events go on in memory');
        this.#opened.resolve(nothing);
        return;
      case 'committed':
        this.#extent = message.extent;
        this.#waiting -= this.#unanswered.shift() ?? 0;
        // Not before the queue is half empty, or one that is too long would be told with every commit.
        if (this.#waiting <= maxUnanswered / 2) this.#works();
        return;
      case 'commit_failed':
        this.#waiting -= this.#unanswered.shift() ?? 0;
        this.#lose(message.lost, message.error);
        return;
      case 'page': {
        const { sequence, events, extent } = message;
        this.#reads.get(sequence)?.({ events, oldestId: extent.oldestId });
        this.#reads.delete(sequence);
        return;
      }
      case 'closed':
        this.#closed.resolve();
    }
  }

  /** Events are not kept for now; it is tried again with the next ones. */
  #lose(events: number, error: string): void {
    this.#lost += events;
    this.#trouble(error, 'event journal cannot be written; events go on in memory');
  }

  #trouble(error: string, message: string): void {
    this.#lastError = error;
    if (this.#state !== 'on') return;
    const { logger, file } = this.#options;
    logger.error({ file, error }, message);
    this.#enter('troubled');
  }

  #works(): void {
    if (this.#state !== 'troubled') return;
    const { logger, file } = this.#options;
    logger.info({ file }, 'event journal works again');
    this.#enter('on');
  }

  #enter(state: JournalStatus['state']): void {
    this.#state = state;
    this.#options.onChange?.();
  }

  /** There is no journal any more until the next start. */
  #fail(error: string): void {
    this.#opened.resolve(nothing);
    this.#closed.resolve();
    for (const resolve of this.#reads.values()) resolve({ events: nothing, oldestId: 0 });
    this.#reads.clear();
    if (this.#state === 'failed') return;
    this.#lastError = error;
    const { logger, file } = this.#options;
    logger.error({ file, error }, 'there is no event journal; events are kept in memory only');
    this.#enter('failed');
  }
}
