/**
 * The event room: the channel with its journal, the ways in (webhook, streams, control) and the way out
 * (SSE), as one thing that can be switched off and on as a whole. It works while the pool or the
 * dashboard does not (old weakness W8).
 */
import { join } from 'node:path';
import type { Config } from '../../../shared/config-schema.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { DataChange, StampedEvent } from '../../../shared/events.ts';
import type { EventStats, JournalStatus } from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import { EventChannel } from './channel.ts';
import { IdReservation } from './id-reservation.ts';
import { Ingest } from './ingest.ts';
import { Journal } from './journal.ts';
import { createSseEndpoint } from './sse-endpoint.ts';
import { StreamSource, type StreamTarget } from './stream-source.ts';
import { createWebhook } from './webhook.ts';

/** What is measured as it happens. */
export interface EventMetrics {
  readonly flushSeconds: { observe(seconds: number): void };
  readonly webhookSeconds: { observe(seconds: number): void };
}

export interface EventRoomOptions {
  readonly settings: Config['events'];
  /** Folder of the journal and of the id reservation. */
  readonly folder: string;
  /** The script of the journal's thread. */
  readonly journalThread: string;
  readonly instanceId: string;
  readonly webhookSecret: string;
  readonly metrics: EventMetrics;
  readonly logger: Logger;
  readonly onEvent: (event: StampedEvent) => void;
  /** The state of a source has changed. */
  readonly onChange?: () => void;
}

interface Opened {
  readonly channel: EventChannel;
  readonly ingest: Ingest;
  readonly journal: Journal | null;
  readonly ids: IdReservation;
  readonly heartbeat: NodeJS.Timeout;
}

const noJournal: JournalStatus = {
  state: 'off',
  file: null,
  events: 0,
  oldestId: 0,
  lost: 0,
  lastError: null,
};

const noTotals: EventChannel['totals'] = {
  published: 0,
  delivered: 0,
  lagged: 0,
  replayed: 0,
  gaps: { lagged: 0, expired: 0, unknown: 0 },
};

export class EventRoom {
  /** Handler of `/supervisor/events`. */
  readonly sse: ReturnType<typeof createSseEndpoint>;
  /** Handler of `POST /admin/events/hook`. */
  readonly webhook: ReturnType<typeof createWebhook>;
  readonly #options: EventRoomOptions;
  readonly #sources: StreamSource[] = [];
  #opened: Opened | null = null;
  #enabled: boolean;

  constructor(options: EventRoomOptions) {
    this.#options = options;
    this.#enabled = options.settings.enabled;
    const { settings, webhookSecret: secret, logger, metrics } = options;
    this.sse = createSseEndpoint({
      channel: () => this.#active?.channel ?? null,
      settings,
      logger,
    });
    this.webhook = createWebhook({
      ingest: () => this.#active?.ingest ?? null,
      secret,
      logger,
      onAnswered: (seconds) => metrics.webhookSeconds.observe(seconds),
    });
  }

  /** Opens the journal and starts the configured sources. Never fails: without a disk it runs in memory. */
  async open(): Promise<void> {
    const { settings, folder, journalThread, instanceId, logger, metrics, onEvent } = this.#options;
    const stored = settings.journal
      ? await Journal.open({
          file: join(folder, 'events.db'),
          threadFile: journalThread,
          maxEvents: settings.journal_max_events,
          maxAgeMs: settings.journal_max_age_hours * 3_600_000,
          tail: Math.max(settings.buffer_size, settings.replay_buffer_size),
          logger,
        })
      : null;
    const journal = stored?.journal ?? null;
    const idFile = join(folder, 'event-ids.json');
    const ids = await IdReservation.open(idFile, journal?.lastId ?? 0, logger);
    const channel = new EventChannel({
      bufferSize: settings.buffer_size,
      replayBufferSize: settings.replay_buffer_size,
      maxEventBytes: settings.max_event_bytes,
      firstId: ids.firstId,
      journal,
      onId: (id) => ids.use(id),
      onFlush: (seconds) => metrics.flushSeconds.observe(seconds),
    });
    channel.restore(stored?.tail.texts ?? []);
    channel.onPublish(onEvent);
    const heartbeat = setInterval(
      () => channel.tick(),
      EventChannel.tickPeriodMs(settings.heartbeat_interval),
    );
    this.#opened = { channel, ingest: new Ingest(channel, instanceId), journal, ids, heartbeat };
    for (const { name, url, headers } of settings.sources) {
      this.addSource(name, { url: () => url, headers });
    }
  }

  /**
   * Switches the room off and on while it runs: off, subscribers are told and ended, nothing is let in;
   * on, everybody can come back with the cursor they had.
   */
  setEnabled(enabled: boolean): void {
    if (enabled === this.#enabled) return;
    this.#enabled = enabled;
    this.#options.logger.info({ enabled }, 'event channel switched');
    if (!enabled) {
      this.#opened?.ingest.flush();
      this.#opened?.channel.endAll();
    }
    for (const source of this.#sources) {
      if (enabled) source.start();
      else source.stop();
    }
  }

  /** Listens to another program's event stream; its `url` is null while the program is down. */
  addSource(name: string, target: StreamTarget): StreamSource {
    const { logger, onChange } = this.#options;
    const ingest = () => this.#active?.ingest ?? null;
    const source = new StreamSource({
      name,
      target,
      ingest,
      logger,
      ...(onChange && { onChange }),
    });
    this.#sources.push(source);
    if (this.#enabled) source.start();
    return source;
  }

  /** Publishes an event that is born here; throws `events_disabled`. */
  originate(change: DataChange, source: string): StampedEvent {
    const active = this.#active;
    if (active === null) {
      throw new CodedError('events_disabled', 'Events are switched off: [events] enabled = false.');
    }
    const event = active.ingest.originate(change, source);
    active.ingest.countPush(source);
    return event;
  }

  /** The newest events, oldest first. */
  recent(limit: number): readonly StampedEvent[] {
    return this.#opened?.channel.recent(limit) ?? [];
  }

  stats(url: string): EventStats {
    const opened = this.#opened;
    const totals = opened?.channel.totals ?? noTotals;
    return {
      ...totals,
      gaps: { ...totals.gaps },
      enabled: this.#enabled,
      subscribers: opened?.channel.subscribers() ?? [],
      deduplicated: opened?.ingest.deduplicated ?? 0,
      rejected: opened?.ingest.rejected ?? 0,
      lastId: opened?.channel.lastId ?? 0,
      journal: opened?.journal?.status() ?? noJournal,
      sources: [
        ...this.#sources.map((source) => source.status()),
        ...(opened?.ingest.pushingSources() ?? []),
      ],
      url,
    };
  }

  /** Stops listening to other programs; what they told is published. */
  stopSources(): void {
    for (const source of this.#sources) source.stop();
  }

  /** Ends all subscribers with a `shutdown` frame, then writes what is queued for the disk. */
  async close(): Promise<void> {
    this.stopSources();
    const opened = this.#opened;
    if (opened === null) return;
    clearInterval(opened.heartbeat);
    opened.ingest.flush();
    opened.channel.endAll();
    this.#enabled = false;
    await opened.journal?.close();
    await opened.ids.close(opened.channel.lastId);
  }

  get #active(): Opened | null {
    return this.#enabled ? this.#opened : null;
  }
}
