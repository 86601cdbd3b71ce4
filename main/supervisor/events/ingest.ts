/**
 * The way in for every event: mapped, let in once, published. An event is the same one by its
 * `source_id`, whichever way it comes and however often: by webhook and by stream, from two pool
 * instances, after a reconnect, or back from a dashboard or supervisor that had it from us. So nothing
 * appears twice and no loop can form (old weakness W3).
 */
import { randomBytes } from 'node:crypto';
import type { DataChange, EventType, StampedEvent } from '../../../shared/events.ts';
import type { SourceStatus } from '../../../shared/status.ts';
import type { EventChannel } from './channel.ts';
import { mapEvent } from './mapping.ts';
import { MinuteRate } from './rate.ts';
import { RecentIds } from './recent-ids.ts';

/** Ids remembered: minutes of the busiest traffic, about 1 MB. */
const rememberedIds = 10_000;

/** Sources told apart in the counts; a name comes from a URL that only our children know. */
const maxSources = 256;

/** Metrics derive from these. */
const changesMetrics: ReadonlySet<EventType> = new Set<EventType>([
  'plan_created',
  'plan_updated',
  'plan_archived',
  'plan_deleted',
  'step_changed',
  'agent_session_changed',
]);

/** Changes within this time lead to one `metrics_invalidated`, in ms. */
const metricsDebounceMs = 1_000;

interface Pushing {
  received: number;
  lastEventAt: Date;
  readonly rate: MinuteRate;
}

export class Ingest {
  readonly #channel: EventChannel;
  readonly #instanceId: string;
  readonly #known = new RecentIds(rememberedIds);
  readonly #pushing = new Map<string, Pushing>();
  #births = 0;
  #nowMs = 0;
  #nowText = '';
  #deduplicated = 0;
  #rejected = 0;
  #metricsTimer: NodeJS.Timeout | null = null;
  /** The workspace whose metrics are out of date; null for several. */
  #metricsOf: string | null = null;

  /** What the channel has from an earlier run is known: sources tell it again after a restart. */
  constructor(channel: EventChannel, instanceId: string) {
    this.#channel = channel;
    this.#instanceId = instanceId;
    for (const { data } of channel.recent(rememberedIds)) this.#known.add(data.source_id);
  }

  get deduplicated(): number {
    return this.#deduplicated;
  }

  get rejected(): number {
    return this.#rejected;
  }

  /**
   * Takes one event from a source. Returns it as published, or null when it was known already.
   * Throws `bad_request` when it is no event, `too_large` when it is too large.
   */
  accept(json: unknown, source: string): StampedEvent | null {
    const mapped = mapEvent(json);
    const sourceId = mapped.sourceId ?? `anon_${randomBytes(8).toString('hex')}`;
    if (this.#isOurs(sourceId) || this.#known.has(sourceId)) {
      this.#deduplicated += 1;
      return null;
    }
    const { change, sourceType } = mapped;
    const event = this.#channel.publish(change, {
      timestamp: mapped.timestamp ?? new Date().toISOString(),
      source,
      source_id: sourceId,
      ...(sourceType !== null && sourceType !== change.event_type && { source_type: sourceType }),
    });
    // Only now: one that was too large is not in, and no duplicate when it comes again.
    this.#known.add(sourceId);
    this.#invalidateMetrics(change);
    return event;
  }

  /** Publishes an event that is born here. */
  originate(change: DataChange, source: string): StampedEvent {
    this.#births += 1;
    const timestamp = this.#timestamp();
    const source_id = `${this.#birthPrefix}${this.#births}`;
    const event = this.#channel.publish(change, { timestamp, source, source_id });
    this.#invalidateMetrics(change);
    return event;
  }

  countRejected(): void {
    this.#rejected += 1;
  }

  /** Counts what a source that calls us (webhook, control) told. */
  countPush(source: string): void {
    let pushing = this.#pushing.get(source);
    if (pushing === undefined) {
      if (this.#pushing.size >= maxSources) return;
      pushing = { received: 0, lastEventAt: new Date(), rate: new MinuteRate() };
      this.#pushing.set(source, pushing);
    }
    pushing.received += 1;
    pushing.lastEventAt = new Date();
    pushing.rate.count();
  }

  /** The sources that call us, and what they told. */
  pushingSources(): readonly SourceStatus[] {
    return [...this.#pushing].map(([name, { received, lastEventAt, rate }]) => ({
      name,
      kind: name.startsWith('webhook:') ? 'webhook' : 'control',
      state: 'connected',
      url: null,
      received,
      perMinute: rate.perMinute,
      lastEventAt: lastEventAt.toISOString(),
      lastError: null,
      nextRetryAt: null,
    }));
  }

  /** Publishes now what was due soon; nothing comes by itself after it. */
  flush(): void {
    if (this.#metricsTimer === null) return;
    clearTimeout(this.#metricsTimer);
    this.#tellMetrics();
  }

  get #birthPrefix(): string {
    return `pms_${this.#instanceId}_`;
  }

  /** Events born here are known for ever, not only while they are remembered. */
  #isOurs(sourceId: string): boolean {
    return sourceId.startsWith(this.#birthPrefix);
  }

  #invalidateMetrics(change: DataChange): void {
    if (!changesMetrics.has(change.event_type)) return;
    const workspace = 'workspace_id' in change ? change.workspace_id : null;
    if (this.#metricsTimer !== null) {
      if (workspace !== this.#metricsOf) this.#metricsOf = null;
      return;
    }
    this.#metricsOf = workspace;
    this.#metricsTimer = setTimeout(() => this.#tellMetrics(), metricsDebounceMs);
  }

  /** Now in ISO 8601, made once for all events of a millisecond: a burst would spend a third of its time on it. */
  #timestamp(): string {
    const nowMs = Date.now();
    if (nowMs !== this.#nowMs) {
      this.#nowMs = nowMs;
      this.#nowText = new Date(nowMs).toISOString();
    }
    return this.#nowText;
  }

  #tellMetrics(): void {
    this.#metricsTimer = null;
    const workspace_id = this.#metricsOf;
    this.originate({ event_type: 'metrics_invalidated', workspace_id }, 'supervisor');
  }
}
