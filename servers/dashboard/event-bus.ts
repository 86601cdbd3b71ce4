/**
 * The dashboard's one event bus. A feed publishes, streams and sockets listen. An event that comes
 * twice (a replay after a reconnect, two ways to the same supervisor) is told once: its id is
 * remembered over the last 1,000 events. Publishing is synchronous and in order; the bus keeps no
 * events, so a listener that was not there has to read the database.
 */
import type { Gap } from '../../shared/events.ts';
import type { McpEvent } from './dashboard-api.d.ts';

/** How many event ids are remembered. */
export const rememberedIds = 1_000;

/** Listeners must not throw: they share the publisher's stack. */
export interface BusListener {
  event(event: McpEvent): void;
  /** Events were missed and will not come. */
  resync(gap: Gap): void;
}

/** Where events come from. */
export interface EventFeed {
  readonly mode: 'supervisor' | 'local';
  /** Whether events arrive at present. */
  readonly connected: boolean;
  stop(): void;
}

export class EventBus {
  /** A Set keeps insertion order, so its first entry is the oldest. */
  readonly #seen = new Set<string>();
  readonly #listeners = new Set<BusListener>();
  #audienceChanged: (present: boolean) => void = () => {};

  /** Tells the feed, now and later, whether anybody listens. One feed, so one callback. */
  onAudience(callback: (present: boolean) => void): void {
    this.#audienceChanged = callback;
    callback(this.#listeners.size > 0);
  }

  /** Hands the event to every listener, unless its id was seen. */
  publish(event: McpEvent): void {
    if (this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= rememberedIds) break;
      this.#seen.delete(oldest);
    }
    for (const listener of this.#listeners) listener.event(event);
  }

  /** Tells every listener that events are missing. */
  resync(gap: Gap): void {
    for (const listener of this.#listeners) listener.resync(gap);
  }

  /** Listens until the returned function is called. */
  subscribe(listener: BusListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#audienceChanged(true);
    return () => {
      const left = this.#listeners.delete(listener);
      if (left && this.#listeners.size === 0) this.#audienceChanged(false);
    };
  }
}
