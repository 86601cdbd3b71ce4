import type { Gap } from '../../../shared/events.ts';
import type { SubscriberStatus } from '../../../shared/status.ts';
import { describeFilter, type EventFilter } from './filter.ts';
import { gapFrame, pingFrame, shutdownFrame } from './frames.ts';

/** Where a subscriber's bytes go: a socket, seen from here. */
export interface Sink {
  /** Hands bytes to the socket. */
  write(bytes: Buffer): void;
  /** Bytes that the socket has not taken yet. */
  backlog(): number;
  /** Calls once when the backlog is gone, or never. */
  onDrain(listener: () => void): void;
  end(): void;
}

export interface SubscriberInfo {
  readonly address: string;
  readonly userAgent: string | null;
  readonly label: string | null;
}

/** Frames written in one piece. */
export interface Batch {
  readonly bytes: Buffer;
  readonly frames: number;
  /** The first id that is not in it. */
  readonly next: number;
}

/** A socket that has not taken so many bytes is behind; it gets nothing more until it has. */
const maxBacklogBytes = 64 * 1024;

/** One subscriber: its cursor, its socket and its counters. */
export class Subscriber {
  readonly filter: EventFilter | null;
  /** The id it gets next. */
  next: number;
  closed = false;
  readonly #id: number;
  readonly #sink: Sink;
  readonly #info: SubscriberInfo;
  readonly #since = new Date();
  #sent = 0;
  #bytes = 0;
  #lagged = 0;
  #quietTicks = 0;
  #waiting = false;

  constructor(
    id: number,
    sink: Sink,
    filter: EventFilter | null,
    info: SubscriberInfo,
    next: number,
  ) {
    this.#id = id;
    this.#sink = sink;
    this.filter = filter;
    this.#info = info;
    this.next = next;
  }

  /** True when its socket has not taken what it was given. */
  get isBehind(): boolean {
    return this.#sink.backlog() > maxBacklogBytes;
  }

  take(batch: Batch): void {
    this.next = batch.next;
    if (batch.frames === 0) return;
    this.#sent += batch.frames;
    this.#write(batch.bytes);
  }

  /** Moves the cursor past events that it does not get, and says so. */
  skip(gap: Gap, next: number): void {
    if (gap.reason === 'lagged') this.#lagged += gap.to - gap.from + 1;
    this.next = next;
    this.#write(gapFrame(gap, next - 1));
  }

  /** Calls once when the socket has taken everything, however often it is asked for meanwhile. */
  whenDrained(resume: () => void): void {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#sink.onDrain(() => {
      this.#waiting = false;
      if (!this.closed) resume();
    });
  }

  /** One tick of the heartbeat; writes a comment after `ticks` quiet ones. */
  tick(ticks: number): void {
    this.#quietTicks += 1;
    if (this.#quietTicks >= ticks && this.#sink.backlog() === 0) this.#write(pingFrame);
  }

  shutDown(): void {
    this.#write(shutdownFrame);
    this.closed = true;
    this.#sink.end();
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
      backlog: this.#sink.backlog(),
    };
  }

  #write(bytes: Buffer): void {
    this.#quietTicks = 0;
    this.#bytes += bytes.length;
    this.#sink.write(bytes);
  }
}
