/**
 * The way in for every event: mapped, let in once, published. An event is the same one by its
 * `source_id`, whichever way it comes and however often: by webhook and by stream, from two pool
 * instances, after a reconnect, or back from a dashboard or supervisor that had it from us. So nothing
 * appears twice and no loop can form (old weakness W3).
 */
import { randomBytes } from 'node:crypto';
import type { DataChange, StampedEvent } from '../../../shared/events.ts';
import type { SourceStatus } from '../../../shared/status.ts';
import type { EventChannel } from './channel.ts';
import { mapEvent } from './mapping.ts';
import { RecentIds } from './recent-ids.ts';

/** Ids remembered: minutes of the busiest traffic, about 1 MB. */
const rememberedIds = 10_000;

/** What is known of one source. */
export interface SourceCounter {
  received: number;
  lastEventAt: string | null;
}

export class Ingest {
  readonly #channel: EventChannel;
  readonly #instanceId: string;
  readonly #known = new RecentIds(rememberedIds);
  readonly #webhooks = new Map<string, SourceCounter>();
  #births = 0;
  #deduplicated = 0;
  #rejected = 0;

  constructor(channel: EventChannel, instanceId: string) {
    this.#channel = channel;
    this.#instanceId = instanceId;
  }

  get deduplicated(): number {
    return this.#deduplicated;
  }

  get rejected(): number {
    return this.#rejected;
  }

  /**
   * Takes one event from a source. Returns it as published, or null when it was known already.
   * Throws `bad_request` when it is no event.
   */
  accept(json: unknown, source: string): StampedEvent | null {
    const mapped = mapEvent(json);
    const sourceId = mapped.sourceId ?? `anon_${randomBytes(8).toString('hex')}`;
    if (!this.#known.add(sourceId)) {
      this.#deduplicated += 1;
      return null;
    }
    const { change, sourceType } = mapped;
    return this.#channel.publish(change, {
      timestamp: mapped.timestamp ?? new Date().toISOString(),
      source,
      source_id: sourceId,
      ...(sourceType !== null && sourceType !== change.event_type && { source_type: sourceType }),
    });
  }

  /** Publishes an event that is born here. */
  originate(change: DataChange, source: string): StampedEvent {
    this.#births += 1;
    const sourceId = `pms_${this.#instanceId}_${this.#births}`;
    this.#known.add(sourceId);
    const timestamp = new Date().toISOString();
    return this.#channel.publish(change, { timestamp, source, source_id: sourceId });
  }

  countRejected(): void {
    this.#rejected += 1;
  }

  /** Counts a webhook delivery by who sent it. */
  countWebhook(source: string): void {
    const counter = this.#webhooks.get(source) ?? { received: 0, lastEventAt: null };
    counter.received += 1;
    counter.lastEventAt = new Date().toISOString();
    this.#webhooks.set(source, counter);
  }

  webhookSources(): readonly SourceStatus[] {
    return [...this.#webhooks].map(([name, counter]) => ({
      name,
      kind: 'webhook',
      state: 'connected',
      url: null,
      received: counter.received,
      lastEventAt: counter.lastEventAt,
      lastError: null,
      nextRetryAt: null,
    }));
  }
}
