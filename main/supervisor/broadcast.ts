/**
 * Tells views what changed, no more often than they can show it: changes within a quarter of a second
 * become one snapshot, events within a twentieth one batch. Without listeners nothing is computed.
 */

const snapshotPeriodMs = 250;
const eventPeriodMs = 50;

/** Events that wait for the next batch; more than a page shows. */
const maxBatch = 500;

type Listener<Value> = (value: Value) => void;

export class Broadcast<Snapshot, Event> {
  readonly #takeSnapshot: () => Snapshot;
  readonly #snapshotListeners = new Set<Listener<Snapshot>>();
  readonly #eventListeners = new Set<Listener<readonly Event[]>>();
  #snapshotTimer: NodeJS.Timeout | null = null;
  #eventTimer: NodeJS.Timeout | null = null;
  #events: Event[] = [];
  #lastSnapshotAt = 0;

  constructor(takeSnapshot: () => Snapshot) {
    this.#takeSnapshot = takeSnapshot;
  }

  /** The first snapshot comes at once. */
  onSnapshot(listener: Listener<Snapshot>): () => void {
    this.#snapshotListeners.add(listener);
    listener(this.#takeSnapshot());
    return () => this.#snapshotListeners.delete(listener);
  }

  onEvents(listener: Listener<readonly Event[]>): () => void {
    this.#eventListeners.add(listener);
    return () => this.#eventListeners.delete(listener);
  }

  /** Something that a snapshot shows has changed. */
  changed(): void {
    if (this.#snapshotTimer !== null || this.#snapshotListeners.size === 0) return;
    const since = performance.now() - this.#lastSnapshotAt;
    const delayMs = Math.max(0, snapshotPeriodMs - since);
    this.#snapshotTimer = setTimeout(() => {
      this.#snapshotTimer = null;
      if (this.#snapshotListeners.size === 0) return;
      this.#lastSnapshotAt = performance.now();
      const snapshot = this.#takeSnapshot();
      for (const listener of this.#snapshotListeners) listener(snapshot);
    }, delayMs);
  }

  event(event: Event): void {
    this.changed();
    if (this.#eventListeners.size === 0) return;
    this.#events.push(event);
    if (this.#events.length > maxBatch) this.#events.shift();
    this.#eventTimer ??= setTimeout(() => {
      this.#eventTimer = null;
      const batch = this.#events;
      this.#events = [];
      for (const listener of this.#eventListeners) listener(batch);
    }, eventPeriodMs);
  }

  close(): void {
    if (this.#snapshotTimer) clearTimeout(this.#snapshotTimer);
    if (this.#eventTimer) clearTimeout(this.#eventTimer);
    this.#snapshotListeners.clear();
    this.#eventListeners.clear();
  }
}
