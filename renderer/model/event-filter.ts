/** Which events of the live list somebody wants to see, and where some are missing between them. */
import type { StampedEvent } from '../../shared/events.ts';

export interface EventFilter {
  /** An event type; empty for all. */
  readonly type: string;
  /** What must stand somewhere in the event, in any case; empty for all. */
  readonly text: string;
}

export const everyEvent: EventFilter = { type: '', text: '' };

/** An event of the list, with what is missing before the next newer one that was received. */
export interface EventListRow {
  readonly event: StampedEvent;
  /** The ids between this event and the one received after it; null where none is missing. */
  readonly gap: { readonly from: number; readonly to: number } | null;
}

/**
 * The rows of a list that is sorted newest first. A gap is told where events were not received, never where
 * the filter hides some; it stands at the next row that is shown.
 */
export function eventRows(
  events: readonly StampedEvent[],
  filter: EventFilter,
): readonly EventListRow[] {
  const rows: EventListRow[] = [];
  const text = filter.text.trim().toLowerCase();
  let gap = null as EventListRow['gap'];
  let newer: number | null = null;
  for (const event of events) {
    if (newer !== null && newer - event.id > 1) {
      gap = { from: event.id + 1, to: gap?.to ?? newer - 1 };
    }
    newer = event.id;
    if (!isWanted(event, filter.type, text)) continue;
    rows.push({ event, gap });
    gap = null;
  }
  return rows;
}

function isWanted({ id, data }: StampedEvent, type: string, text: string): boolean {
  if (type !== '' && data.event_type !== type) return false;
  if (text === '') return true;
  return String(id) === text || JSON.stringify(data).toLowerCase().includes(text);
}
