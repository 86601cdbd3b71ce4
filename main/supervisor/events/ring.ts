import type { StampedEvent } from '../../../shared/events.ts';
import { type EventFilter, matches } from './filter.ts';
import { eventFrame } from './frames.ts';
import type { Batch } from './subscriber.ts';

interface Entry {
  readonly event: StampedEvent;
  readonly json: string;
  /** Made when the first subscriber needs it; all share it. */
  frame: Buffer | null;
}

/** The most that is written in one piece: larger ones only move memory, not time. */
const maxBatchBytes = 64 * 1024;

/** The newest events, by id; consecutive ids, a fixed number of places. */
export class Ring {
  readonly capacity: number;
  readonly #entries: (Entry | undefined)[];
  #firstId: number;
  #lastId: number;
  #shared: (Batch & { readonly from: number; readonly head: number }) | null = null;

  /** `lastId` is the id before the first one to come. */
  constructor(capacity: number, lastId: number) {
    this.capacity = capacity;
    this.#entries = Array.from({ length: capacity });
    this.#firstId = lastId + 1;
    this.#lastId = lastId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** The oldest id that is still here; `lastId + 1` when there is none. */
  get oldestId(): number {
    return Math.max(this.#firstId, this.#lastId - this.capacity + 1);
  }

  /** Keeps an event; its id is `lastId + 1`. */
  append(event: StampedEvent, json: string): void {
    this.#lastId = event.id;
    this.#entries[event.id % this.capacity] = { event, json, frame: null };
  }

  /** Puts back what an earlier run had, newest last; ids must lead up to `lastId`. */
  restore(events: readonly StampedEvent[], texts: readonly string[]): void {
    const [first] = events;
    if (first === undefined) return;
    this.#firstId = first.id;
    events.forEach((event, index) => {
      const json = texts[index] ?? JSON.stringify(event);
      this.#entries[event.id % this.capacity] = { event, json, frame: null };
    });
  }

  /** The newest `limit` events, oldest first. */
  newest(limit: number): readonly StampedEvent[] {
    const events: StampedEvent[] = [];
    const from = Math.max(this.oldestId, this.#lastId - limit + 1);
    for (let id = from; id <= this.#lastId; id += 1) {
      const entry = this.#entries[id % this.capacity];
      if (entry) events.push(entry.event);
    }
    return events;
  }

  /** What follows from an id on, in one piece of bounded size. Unfiltered ones are made once for all. */
  batchFrom(from: number, filter: EventFilter | null): Batch {
    if (filter !== null) return this.#collect(from, filter);
    const shared = this.#shared;
    if (shared && shared.from === from && shared.head === this.#lastId) return shared;
    const batch = { ...this.#collect(from, null), from, head: this.#lastId };
    this.#shared = batch;
    return batch;
  }

  /** Lets go of the shared bytes; called when everyone has them. */
  forgetBatch(): void {
    this.#shared = null;
  }

  #collect(from: number, filter: EventFilter | null): Batch {
    const frames: Buffer[] = [];
    let size = 0;
    let next = from;
    while (next <= this.#lastId && size < maxBatchBytes) {
      const entry = this.#entries[next % this.capacity];
      next += 1;
      if (!entry || (filter && !matches(filter, entry.event.data))) continue;
      entry.frame ??= eventFrame(entry.event.id, entry.json);
      frames.push(entry.frame);
      size += entry.frame.length;
    }
    const [only] = frames;
    const bytes = frames.length === 1 && only ? only : Buffer.concat(frames, size);
    return { bytes, frames: frames.length, next };
  }
}
