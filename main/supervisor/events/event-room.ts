/**
 * The event room: the channel with its journal, the ways in (webhook, streams, control) and the way out
 * (SSE), as one thing that can be switched off and on as a whole. It works while the pool or the
 * dashboard does not (old weakness W8).
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config, EventSourceConfig } from '../../../shared/config-schema.ts';
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
  /** To begin with; `apply` brings others. */
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
  /** The state of a source or of the journal has changed. */
  readonly onChange?: () => void;
}

interface Opened {
  readonly channel: EventChannel;
  readonly ingest: Ingest;
  readonly journal: Journal | null;
  readonly ids: IdReservation;
  heartbeat: NodeJS.Timeout;
}

interface ConfiguredSource {
  readonly settings: EventSourceConfig;
  readonly source: StreamSource;
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
  /** Those of `[[events.sources]]`. */
  #configured: readonly ConfiguredSource[] = [];
  #settings: Config['events'];
  #opened: Opened | null = null;
  #enabled: boolean;

  constructor(options: EventRoomOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#enabled = options.settings.enabled;
    const { webhookSecret: secret, logger, metrics } = options;
    const now = () => this.#settings;
    this.sse = createSseEndpoint({
      channel: () => this.#active?.channel ?? null,
      settings: {
        get allowed_origins() {
          return now().allowed_origins;
        },
        get max_subscribers() {
          return now().max_subscribers;
        },
        get trusted_proxies() {
          return now().trusted_proxies;
        },
      },
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
    const { folder, journalThread, instanceId, logger, metrics, onEvent, onChange } = this.#options;
    const settings = this.#settings;
    const now = () => this.#settings;
    const stored = settings.journal
      ? await Journal.open({
          file: join(folder, 'events.db'),
          threadFile: journalThread,
          maxEvents: settings.journal_max_events,
          maxAgeMs: settings.journal_max_age_hours * 3_600_000,
          tail: Math.max(settings.buffer_size, settings.replay_buffer_size),
          logger,
          ...(onChange && { onChange }),
        })
      : null;
    const journal = stored?.journal ?? null;
    const idFile = join(folder, 'event-ids.json');
    // Without a journal there is none whose ids could come again.
    const floor = journal === null ? 0 : journal.lastId;
    const ids = await IdReservation.open(idFile, floor, logger);
    const channel = new EventChannel({
      bufferSize: settings.buffer_size,
      replayBufferSize: settings.replay_buffer_size,
      get maxEventBytes() {
        return now().max_event_bytes;
      },
      firstId: ids.firstId,
      journal,
      onId: (id) => ids.use(id),
      onFlush: (seconds) => metrics.flushSeconds.observe(seconds),
    });
    channel.restore(stored?.tail.texts ?? []);
    channel.onPublish(onEvent);
    const heartbeat = beating(channel, settings);
    this.#opened = { channel, ingest: new Ingest(channel, instanceId), journal, ids, heartbeat };
    this.#configureSources();
  }

  /**
   * Other settings, as far as they can change while it runs: all but the sizes of the buffers and the
   * journal. Subscribers stay.
   */
  apply(settings: Config['events']): void {
    const before = this.#settings;
    this.#settings = settings;
    if (settings.enabled !== before.enabled) this.setEnabled(settings.enabled);
    if (this.#opened === null) return;
    this.#configureSources();
    if (settings.heartbeat_interval === before.heartbeat_interval) return;
    clearInterval(this.#opened.heartbeat);
    this.#opened.heartbeat = beating(this.#opened.channel, settings);
  }

  /** Begins, ends and leaves alone, so that those of the settings are listened to. */
  #configureSources(): void {
    const known = this.#configured;
    this.#configured = this.#settings.sources.map((settings) => {
      const same = known.find((each) => isDeepStrictEqual(each.settings, settings));
      const { name, url, headers } = settings;
      return same ?? { settings, source: this.addSource(name, { url: () => url, headers }) };
    });
    for (const { source } of known) {
      if (!this.#configured.some((each) => each.source === source)) this.removeSource(source);
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

  /** Listens to it no more. */
  removeSource(source: StreamSource): void {
    source.stop();
    const place = this.#sources.indexOf(source);
    if (place !== -1) this.#sources.splice(place, 1);
  }

  /** Publishes an event that is born here; throws `events_disabled`. */
  originate(change: DataChange, source: string): StampedEvent {
    const { ingest } = this.#required();
    const event = ingest.originate(change, source);
    ingest.countPush(source);
    return event;
  }

  #required(): Opened {
    if (this.#active !== null) return this.#active;
    throw new CodedError('events_disabled', 'Events are switched off: [events] enabled = false.');
  }

  /**
   * Publishes what somebody else tells; null when it is known already. Throws `events_disabled`,
   * `bad_request`, `too_large`.
   */
  publish(json: object, source: string): StampedEvent | null {
    const { ingest } = this.#required();
    const event = ingest.accept(stampedForm(json), source);
    if (event !== null) ingest.countPush(source);
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

function beating(channel: EventChannel, settings: Config['events']): NodeJS.Timeout {
  const periodMs = EventChannel.tickPeriodMs(settings.heartbeat_interval);
  return setInterval(() => channel.tick(), periodMs);
}

/** An event may come as subscribers get it, without the frame around it: then its id, if any, is its own. */
function stampedForm(event: object): object {
  if (!('event_type' in event)) return event;
  const { id, ...data } = event as { readonly id?: unknown };
  const known = typeof id === 'string' || typeof id === 'number' ? String(id) : null;
  return { id: 0, data: { source_id: known ?? `anon_${randomUUID()}`, ...data } };
}
