/** Reading `/supervisor/events` in tests. */
import type { StampedEvent } from '../shared/events.ts';
import type { SseEvent } from './sse-client.ts';

/** The JSON of one frame; its `id:` line has to say the same id. */
export function stamped({ type, data, lastEventId }: SseEvent): StampedEvent {
  const event = JSON.parse(data) as StampedEvent;
  if (type !== 'message' || String(event.id) !== lastEventId) {
    throw new Error(`no stamped event: ${type} ${lastEventId} ${data}`);
  }
  return event;
}

export function idsOf(events: readonly SseEvent[]): readonly number[] {
  return events.map((event) => stamped(event).id);
}

/**
 * The events without `metrics_invalidated`: the supervisor adds one of its own a second after others, so
 * that nobody knows when a test gets to see it.
 */
export function changesIn(events: readonly SseEvent[]): readonly StampedEvent[] {
  return events.map(stamped).filter(({ data }) => data.event_type !== 'metrics_invalidated');
}

/** `first`, `first + 1` … `last`. */
export function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
