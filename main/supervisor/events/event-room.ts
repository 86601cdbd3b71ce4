/**
 * The event room: the channel, its ways in (webhook, streams, control) and its way out (SSE), as one
 * thing that can be switched off as a whole. Everything works while the pool or the dashboard does not
 * (old weakness W8).
 */
import type { Config } from '../../../shared/config-schema.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { DataChange, StampedEvent } from '../../../shared/events.ts';
import type { EventStats } from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import { EventChannel } from './channel.ts';
import { Ingest } from './ingest.ts';
import { createSseEndpoint } from './sse-endpoint.ts';
import { StreamSource } from './stream-source.ts';
import { createWebhook } from './webhook.ts';

export interface EventRoomOptions {
  readonly settings: Config['events'];
  readonly instanceId: string;
  readonly webhookSecret: string;
  readonly logger: Logger;
  readonly onEvent: (event: StampedEvent) => void;
}

export class EventRoom {
  /** Handler of `/supervisor/events`. */
  readonly sse: ReturnType<typeof createSseEndpoint>;
  /** Handler of `POST /admin/events/hook`. */
  readonly webhook: ReturnType<typeof createWebhook>;
  readonly #options: EventRoomOptions;
  readonly #channel: EventChannel | null;
  readonly #ingest: Ingest | null;
  readonly #sources: StreamSource[] = [];
  readonly #pingTimer: NodeJS.Timeout | null = null;

  constructor(options: EventRoomOptions) {
    this.#options = options;
    const { settings, instanceId, webhookSecret, logger, onEvent } = options;
    const channel = settings.enabled
      ? new EventChannel({
          bufferSize: settings.buffer_size,
          replayBufferSize: settings.replay_buffer_size,
          firstId: 1,
        })
      : null;
    const ingest = channel === null ? null : new Ingest(channel, instanceId);
    this.#channel = channel;
    this.#ingest = ingest;
    this.sse = createSseEndpoint({ channel, allowedOrigins: settings.allowed_origins, logger });
    this.webhook = createWebhook({ ingest, secret: webhookSecret, logger });
    channel?.onPublish(onEvent);
    if (channel) {
      this.#pingTimer = setInterval(() => channel.ping(), settings.heartbeat_interval * 1000);
    }
  }

  /** Listens to another program's event stream until `stopSources`; `url` is null while it is down. */
  addSource(name: string, url: () => string | null): StreamSource | null {
    if (this.#ingest === null) return null;
    const { logger } = this.#options;
    const source = new StreamSource({ name, url, ingest: this.#ingest, logger });
    this.#sources.push(source);
    source.start();
    return source;
  }

  /** Publishes an event that is born here; throws `events_disabled`. */
  originate(change: DataChange, source: string): StampedEvent {
    if (this.#ingest === null) {
      throw new CodedError('events_disabled', 'Events are switched off: [events] enabled = false.');
    }
    return this.#ingest.originate(change, source);
  }

  /** The newest events, oldest first. */
  recent(limit: number): readonly StampedEvent[] {
    return this.#channel?.recent(limit) ?? [];
  }

  stats(url: string): EventStats {
    const totals = this.#channel?.totals;
    return {
      enabled: this.#channel !== null,
      subscribers: this.#channel?.subscribers() ?? [],
      published: totals?.published ?? 0,
      delivered: totals?.delivered ?? 0,
      lagged: totals?.lagged ?? 0,
      deduplicated: this.#ingest?.deduplicated ?? 0,
      rejected: this.#ingest?.rejected ?? 0,
      replayed: totals?.replayed ?? 0,
      lastId: this.#channel?.lastId ?? 0,
      sources: [
        ...this.#sources.map((source) => source.status()),
        ...(this.#ingest?.webhookSources() ?? []),
      ],
      url,
    };
  }

  /** Stops listening to other programs; what they told is published. */
  stopSources(): void {
    for (const source of this.#sources) source.stop();
  }

  /** Ends all subscribers with a `shutdown` frame. */
  close(): void {
    if (this.#pingTimer) clearInterval(this.#pingTimer);
    this.stopSources();
    this.#channel?.close();
  }
}
