/**
 * The event channel: one publisher side, any number of subscribers.
 *
 * An event gets its id, enters the ring and is offered to all subscribers in one synchronous step, so
 * ids, ring and delivery cannot disagree (old weakness W6). It is serialised once; subscribers share the
 * bytes. A subscriber is a cursor into the ring: what is new is written to it once per tick, in one
 * piece. One that does not read costs its socket's bounded backlog and no more: the ring overtakes its
 * cursor, it skips forward, the loss is counted, and it is told by a `gap` frame.
 * The publisher never waits. Without subscribers publishing is an array write.
 */
import type {
  DataChange,
  EventOrigin,
  Gap,
  GapReason,
  StampedEvent,
} from '../../../shared/events.ts';
import type { SubscriberStatus } from '../../../shared/status.ts';
import { describeFilter, type EventFilter, matches } from './filter.ts';
import { eventFrame, gapFrame, pingFrame, shutdownFrame } from './frames.ts';

/** Where a subscriber's bytes go: a socket, seen from here. */
export interface Sink {
  /** Hands bytes to the socket. */
  write(bytes: Buffer): void;
  /** Bytes that the socket has not taken yet. */
  backlog(): number;
  /** Calls once when the backlog is gone. */
  onDrain(listener: () => void): void;
  end(): void;
}

export interface SubscriberInfo {
  readonly address: string;
  readonly userAgent: string | null;
  readonly label: string | null;
}

export interface ChannelOptions {
  /** How many events a slow subscriber may fall behind. */
  readonly bufferSize: number;
  /** How many of the newest events a subscriber that comes back can ask for. */
  readonly replayBufferSize: number;
  /** The id of the first event; greater than any id ever given out. */
  readonly firstId: number;
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

/** A socket that has not taken so many bytes is behind; it gets nothing more until it has. */
const maxBacklogBytes = 128 * 1024;

/** The most that is written in one piece: larger ones only move memory, not time. */
const maxBatchBytes = 64 * 1024;

interface Entry {
  readonly event: StampedEvent;
  readonly frame: Buffer;
}

interface Batch {
  readonly bytes: Buffer;
  readonly frames: number;
  /** The first id that is not in it. */
  readonly next: number;
}

export class EventChannel {
  readonly #options: ChannelOptions;
  readonly #ring: (Entry | undefined)[];
  readonly #subscribers = new Set<Subscriber>();
  readonly #listeners = new Set<(event: StampedEvent) => void>();
  readonly #totals = { published: 0, delivered: 0, lagged: 0, replayed: 0 };
  #lastId: number;
  #nextSubscriber = 1;
  #flushDue = false;
  #unflushed = 0;
  #batch: (Batch & { readonly from: number; readonly head: number }) | null = null;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#ring = Array.from({
      length: Math.max(options.bufferSize, options.replayBufferSize, 1),
    });
    this.#lastId = options.firstId - 1;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Totals since the supervisor started. */
  get totals(): Readonly<{
    published: number;
    delivered: number;
    lagged: number;
    replayed: number;
  }> {
    return this.#totals;
  }

  /** Who is subscribed, oldest first. */
  subscribers(): readonly SubscriberStatus[] {
    return [...this.#subscribers].map((subscriber) => subscriber.status());
  }

  /** Gives the event its id, keeps it and offers it to everyone; never waits. */
  publish(change: DataChange, origin: EventOrigin): StampedEvent {
    const id = this.#lastId + 1;
    const event: StampedEvent = { id, data: { ...change, ...origin } };
    this.#lastId = id;
    this.#ring[id % this.#ring.length] = { event, frame: eventFrame(event) };
    this.#totals.published += 1;
    if (this.#subscribers.size > 0) this.#scheduleFlush();
    for (const listener of this.#listeners) listener(event);
    return event;
  }

  /** Tells of every event as it is published, in process; returns the way out. */
  onPublish(listener: (event: StampedEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The newest `limit` events, oldest first. */
  recent(limit: number): readonly StampedEvent[] {
    const events: StampedEvent[] = [];
    for (let id = Math.max(this.#oldestId, this.#lastId - limit + 1); id <= this.#lastId; id += 1) {
      const entry = this.#entry(id);
      if (entry) events.push(entry.event);
    }
    return events;
  }

  /** Adds a subscriber; what it missed is replayed to it before anything new. */
  subscribe(options: SubscribeOptions): Subscription {
    const start = this.#startOf(options.lastEventId);
    const subscriber = new Subscriber(this.#nextSubscriber, options, start.next);
    this.#nextSubscriber += 1;
    if (start.gap) subscriber.tellGap(start.gap);
    this.#totals.replayed += this.#lastId - start.next + 1;
    this.#subscribers.add(subscriber);
    this.#flush(subscriber);
    return {
      status: () => subscriber.status(),
      close: () => this.#subscribers.delete(subscriber),
    };
  }

  /** Writes a comment to those that got nothing since the last call; called every heartbeat interval. */
  ping(): void {
    for (const subscriber of this.#subscribers) subscriber.pingIfIdle();
  }

  /** Tells everyone that this is the end, and ends them. */
  close(): void {
    this.#flushAll();
    for (const subscriber of this.#subscribers) subscriber.shutDown();
    this.#subscribers.clear();
  }

  get #oldestId(): number {
    return Math.max(this.#options.firstId, this.#lastId - this.#ring.length + 1);
  }

  #entry(id: number): Entry | undefined {
    return this.#ring[id % this.#ring.length];
  }

  /** Where a subscriber begins, and what it has to be told it missed. */
  #startOf(lastEventId: string | null): { readonly next: number; readonly gap: Gap | null } {
    if (lastEventId === null) return { next: this.#lastId + 1, gap: null };
    const oldest = Math.max(this.#oldestId, this.#lastId - this.#options.replayBufferSize + 1);
    const gap = (from: number, to: number, reason: GapReason) => ({
      next: oldest,
      gap: { from, to, reason },
    });
    if (!/^\d{1,16}$/.test(lastEventId)) return gap(0, oldest - 1, 'unknown');
    const seen = Number(lastEventId);
    if (seen > this.#lastId) return gap(this.#lastId + 1, seen, 'unknown');
    if (seen < oldest - 1) return gap(seen + 1, oldest - 1, 'expired');
    return { next: seen + 1, gap: null };
  }

  #scheduleFlush(): void {
    this.#unflushed += 1;
    // A burst within one tick must not overtake subscribers that read.
    if (this.#unflushed >= this.#options.bufferSize / 2) {
      this.#flushAll();
      return;
    }
    if (this.#flushDue) return;
    this.#flushDue = true;
    setImmediate(() => this.#flushAll());
  }

  #flushAll(): void {
    this.#flushDue = false;
    this.#unflushed = 0;
    for (const subscriber of this.#subscribers) this.#flush(subscriber);
    this.#batch = null;
  }

  /** Writes what is new to one subscriber, as far as its socket takes it. */
  #flush(subscriber: Subscriber): void {
    while (subscriber.next <= this.#lastId) {
      if (subscriber.sink.backlog() > maxBacklogBytes) {
        subscriber.resumeOnDrain(() => this.#flush(subscriber));
        return;
      }
      const oldest = this.#oldestId;
      if (subscriber.next < oldest) {
        this.#totals.lagged += oldest - subscriber.next;
        subscriber.skipTo(oldest);
      }
      const batch = this.#batchFrom(subscriber.next, subscriber.filter);
      this.#totals.delivered += batch.frames;
      subscriber.take(batch);
    }
  }

  /** Unfiltered subscribers at the same cursor share one batch. */
  #batchFrom(from: number, filter: EventFilter | null): Batch {
    if (filter !== null) return this.#collect(from, filter);
    const shared = this.#batch;
    if (shared && shared.from === from && shared.head === this.#lastId) return shared;
    const batch = { ...this.#collect(from, null), from, head: this.#lastId };
    this.#batch = batch;
    return batch;
  }

  #collect(from: number, filter: EventFilter | null): Batch {
    const frames: Buffer[] = [];
    let size = 0;
    let next = from;
    while (next <= this.#lastId && size < maxBatchBytes) {
      const entry = this.#entry(next);
      next += 1;
      if (!entry || (filter && !matches(filter, entry.event.data))) continue;
      frames.push(entry.frame);
      size += entry.frame.length;
    }
    const [only] = frames;
    const bytes = frames.length === 1 && only ? only : Buffer.concat(frames, size);
    return { bytes, frames: frames.length, next };
  }
}

/** One subscriber's cursor and counters. */
class Subscriber {
  readonly sink: Sink;
  readonly filter: EventFilter | null;
  next: number;
  readonly #id: number;
  readonly #info: SubscriberInfo;
  readonly #since = new Date();
  #sent = 0;
  #bytes = 0;
  #lagged = 0;
  #idle = false;
  #waiting = false;

  constructor(id: number, { sink, filter, info }: SubscribeOptions, next: number) {
    this.#id = id;
    this.sink = sink;
    this.filter = filter;
    this.#info = info;
    this.next = next;
  }

  take(batch: Batch): void {
    this.next = batch.next;
    if (batch.frames === 0) return;
    this.#sent += batch.frames;
    this.#write(batch.bytes);
  }

  skipTo(oldest: number): void {
    this.#lagged += oldest - this.next;
    const gap: Gap = { from: this.next, to: oldest - 1, reason: 'lagged' };
    this.next = oldest;
    this.tellGap(gap);
  }

  tellGap(gap: Gap): void {
    this.#write(gapFrame(gap, this.next - 1));
  }

  resumeOnDrain(resume: () => void): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.sink.onDrain(() => {
      this.#waiting = false;
      resume();
    });
  }

  pingIfIdle(): void {
    if (this.#idle && this.sink.backlog() === 0) this.#write(pingFrame);
    this.#idle = true;
  }

  shutDown(): void {
    this.#write(shutdownFrame);
    this.sink.end();
  }

  status(): SubscriberStatus {
    return {
      id: this.#id,
      ...this.#info,
      since: this.#since.toISOString(),
      filter: describeFilter(this.filter),
      lastId: this.next - 1,
      sent: this.#sent,
      bytes: this.#bytes,
      lagged: this.#lagged,
    };
  }

  #write(bytes: Buffer): void {
    this.#idle = false;
    this.#bytes += bytes.length;
    this.sink.write(bytes);
  }
}
