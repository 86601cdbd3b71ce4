/**
 * The event channel: one publisher side, any number of subscribers.
 *
 * An event gets its id, enters the ring and is offered to all subscribers in one synchronous step, so
 * ids, ring and delivery cannot disagree (old weakness W6). It is serialised once; subscribers share the
 * bytes. A subscriber is a cursor into the ring: what is new is written to it once per tick, in one
 * piece. One that does not read costs its socket's bounded backlog and no more: the ring overtakes its
 * cursor, it skips forward, the loss is counted, and it is told by a `gap` frame. One that comes back
 * is brought up to the ring from the journal (replay.ts) and then goes live in one synchronous step,
 * with neither hole nor duplicate.
 * The publisher never waits. Without subscribers publishing is little more than an array write.
 */
import { CodedError } from '../../../shared/errors.ts';
import {
  type DataChange,
  type EventOrigin,
  type Gap,
  type GapReason,
  gapReasons,
  type StampedEvent,
} from '../../../shared/events.ts';
import type { SubscriberStatus } from '../../../shared/status.ts';
import type { EventFilter } from './filter.ts';
import type { Journal } from './journal.ts';
import { replayFromJournal } from './replay.ts';
import { Ring } from './ring.ts';
import { type Sink, Subscriber, type SubscriberInfo } from './subscriber.ts';

export interface ChannelOptions {
  /** How many events a slow subscriber may fall behind. */
  readonly bufferSize: number;
  /** How many of the newest events are kept in memory for a subscriber that comes back. */
  readonly replayBufferSize: number;
  /** The id of the first event; greater than any id ever given out. */
  readonly firstId: number;
  /** Where events are kept on disk; null keeps them in memory only. */
  readonly journal: Journal | null;
  /** Called with each id before it is given out. */
  readonly onId?: (id: number) => void;
  /** Told how long the first event of a batch waited for its write, in seconds. */
  readonly onFlush?: (seconds: number) => void;
  /** Larger events are refused. Looked up at each. */
  readonly maxEventBytes: number;
}

export interface SubscribeOptions {
  readonly sink: Sink;
  readonly filter: EventFilter | null;
  readonly info: SubscriberInfo;
  /** The cursor of one that comes back (`Last-Event-ID`), as it was sent; null for a new one. */
  readonly lastEventId: string | null;
}

export interface Subscription {
  readonly status: () => SubscriberStatus;
  /** Forgets the subscriber; its socket is the caller's. */
  readonly close: () => void;
}

/** Totals since the supervisor started. */
export interface ChannelTotals {
  published: number;
  delivered: number;
  lagged: number;
  replayed: number;
  readonly gaps: Record<GapReason, number>;
}

/** A comment comes after so many quiet ticks; more ticks, and it comes closer to the interval. */
const ticksPerHeartbeat = 4;

export class EventChannel {
  readonly #options: ChannelOptions;
  readonly #ring: Ring;
  readonly #live = new Set<Subscriber>();
  readonly #replaying = new Set<Subscriber>();
  readonly #listeners = new Set<(event: StampedEvent) => void>();
  readonly #totals: ChannelTotals = {
    published: 0,
    delivered: 0,
    lagged: 0,
    replayed: 0,
    gaps: Object.fromEntries(gapReasons.map((reason) => [reason, 0])) as Record<GapReason, number>,
  };
  #nextSubscriber = 1;
  #flushDue = false;
  #flushDueSince = 0;
  #unflushed = 0;

  constructor(options: ChannelOptions) {
    this.#options = options;
    const capacity = Math.max(options.bufferSize, options.replayBufferSize, 1);
    this.#ring = new Ring(capacity, options.firstId - 1);
  }

  get lastId(): number {
    return this.#ring.lastId;
  }

  get totals(): Readonly<ChannelTotals> {
    return this.#totals;
  }

  get subscriberCount(): number {
    return this.#live.size + this.#replaying.size;
  }

  /** Who is subscribed. */
  subscribers(): readonly SubscriberStatus[] {
    return [...this.#replaying, ...this.#live].map((subscriber) => subscriber.status());
  }

  /** The newest `limit` events, oldest first. */
  recent(limit: number): readonly StampedEvent[] {
    return this.#ring.newest(limit);
  }

  /** Takes over the newest events of an earlier run, if their ids lead up to this one's first. */
  restore(texts: readonly string[]): void {
    const events = texts.map((text) => JSON.parse(text) as StampedEvent);
    const next = (index: number) => events[index + 1]?.id ?? this.#options.firstId;
    const start = events.findLastIndex((event, index) => event.id + 1 !== next(index)) + 1;
    this.#ring.restore(events.slice(start), texts.slice(start));
  }

  /**
   * Gives the event its id, keeps it and offers it to everyone; never waits. Throws `too_large` for one
   * beyond `maxEventBytes`.
   */
  publish(change: DataChange, origin: EventOrigin): StampedEvent {
    const id = this.#ring.lastId + 1;
    const event: StampedEvent = { id, data: { ...change, ...origin } };
    const json = JSON.stringify(event);
    this.#checkSize(json);
    this.#options.onId?.(id);
    this.#ring.append(event, json);
    this.#options.journal?.append(id, json);
    this.#totals.published += 1;
    if (this.#live.size > 0) this.#scheduleFlush();
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /** Tells of every event as it is published, in process; returns the way out. */
  onPublish(listener: (event: StampedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds a subscriber; what it missed is replayed to it before anything new. */
  subscribe({ sink, filter, info, lastEventId }: SubscribeOptions): Subscription {
    const start = this.#startOf(lastEventId);
    const subscriber = new Subscriber(this.#nextSubscriber, sink, filter, info, start.next);
    this.#nextSubscriber += 1;
    if (start.gap) this.#tell(subscriber, start.gap, start.next);
    if (start.next < this.#ring.oldestId) void this.#replay(subscriber);
    else this.#goLive(subscriber);
    return {
      status: () => subscriber.status(),
      close: () => this.#forget(subscriber),
    };
  }

  /** One tick of the heartbeat; to be called `ticksPerHeartbeat` times in each heartbeat interval. */
  tick(): void {
    for (const subscriber of this.#live) subscriber.tick(ticksPerHeartbeat);
  }

  /** How often `tick` is to be called, in ms, for a heartbeat interval in seconds. */
  static tickPeriodMs(heartbeatSeconds: number): number {
    return (heartbeatSeconds * 1000) / ticksPerHeartbeat;
  }

  /** Tells everyone that this is the end, and ends them. */
  endAll(): void {
    this.#flushAll();
    for (const subscriber of [...this.#replaying, ...this.#live]) subscriber.shutDown();
    this.#live.clear();
    this.#replaying.clear();
  }

  #checkSize(json: string): void {
    const { maxEventBytes } = this.#options;
    // No character takes more than three bytes; counting them is for the few large ones.
    if (json.length * 3 <= maxEventBytes || Buffer.byteLength(json) <= maxEventBytes) return;
    throw new CodedError(
      'too_large',
      `The event is larger than ${maxEventBytes} bytes ([events] max_event_bytes).`,
    );
  }

  /** Where a subscriber begins, and what it has to be told before. */
  #startOf(lastEventId: string | null): { readonly next: number; readonly gap: Gap | null } {
    const { lastId } = this.#ring;
    if (lastEventId === null) return { next: lastId + 1, gap: null };
    const oldest = this.#oldestKept;
    const seen = /^\d{1,16}$/.test(lastEventId) ? Number(lastEventId) : null;
    if (seen === null) return { next: oldest, gap: { from: 0, to: oldest - 1, reason: 'unknown' } };
    if (seen > lastId) {
      return { next: oldest, gap: { from: lastId + 1, to: seen, reason: 'unknown' } };
    }
    if (seen >= oldest - 1) return { next: seen + 1, gap: null };
    return { next: oldest, gap: { from: seen + 1, to: oldest - 1, reason: 'expired' } };
  }

  /** The oldest id that can be replayed. */
  get #oldestKept(): number {
    const { lastId, oldestId } = this.#ring;
    const inMemory = Math.max(oldestId, lastId - this.#options.replayBufferSize + 1);
    const journal = this.#options.journal?.status();
    if (!journal || journal.state === 'failed' || journal.events === 0) return inMemory;
    return Math.min(journal.oldestId, inMemory);
  }

  async #replay(subscriber: Subscriber): Promise<void> {
    const { journal } = this.#options;
    this.#replaying.add(subscriber);
    const oldestId = () => this.#ring.oldestId;
    if (journal) {
      await replayFromJournal(subscriber, journal, oldestId, {
        onReplayed: (frames) => {
          this.#totals.replayed += frames;
          this.#totals.delivered += frames;
        },
        onGap: (gap) => this.#countGap(gap),
      });
    }
    this.#replaying.delete(subscriber);
    if (subscriber.closed) return;
    const oldest = oldestId();
    if (subscriber.next < oldest) {
      this.#tell(subscriber, { from: subscriber.next, to: oldest - 1, reason: 'unknown' }, oldest);
    }
    this.#goLive(subscriber);
  }

  #goLive(subscriber: Subscriber): void {
    this.#totals.replayed += this.#ring.lastId - subscriber.next + 1;
    this.#live.add(subscriber);
    this.#flush(subscriber);
  }

  #forget(subscriber: Subscriber): void {
    subscriber.closed = true;
    this.#live.delete(subscriber);
    this.#replaying.delete(subscriber);
  }

  #scheduleFlush(): void {
    this.#unflushed += 1;
    // A burst within one tick must not overtake subscribers that read.
    if (this.#unflushed >= this.#ring.capacity / 2) {
      this.#flushAll();
      return;
    }
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#flushDueSince = performance.now();
    setImmediate(() => this.#flushAll());
  }

  #flushAll(): void {
    if (this.#flushDue) this.#options.onFlush?.((performance.now() - this.#flushDueSince) / 1000);
    this.#flushDue = false;
    this.#unflushed = 0;
    for (const subscriber of this.#live) this.#flush(subscriber);
    this.#ring.forgetBatch();
  }

  /** Writes what is new to one subscriber, as far as its socket takes it. */
  #flush(subscriber: Subscriber): void {
    while (subscriber.next <= this.#ring.lastId) {
      if (subscriber.isBehind) {
        subscriber.whenDrained(() => this.#flush(subscriber));
        return;
      }
      const oldest = this.#ring.oldestId;
      if (subscriber.next < oldest) {
        const gap: Gap = { from: subscriber.next, to: oldest - 1, reason: 'lagged' };
        this.#totals.lagged += gap.to - gap.from + 1;
        this.#tell(subscriber, gap, oldest);
      }
      const batch = this.#ring.batchFrom(subscriber.next, subscriber.filter);
      this.#totals.delivered += batch.frames;
      subscriber.take(batch);
    }
  }

  #tell(subscriber: Subscriber, gap: Gap, next: number): void {
    this.#countGap(gap);
    subscriber.skip(gap, next);
  }

  #countGap(gap: Gap): void {
    this.#totals.gaps[gap.reason] += 1;
  }
}
