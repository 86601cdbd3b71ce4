/** The live event list as data: newest first, each event once, never more than the page can show. */
import type { DataChangeEvent, StampedEvent } from '../../shared/events.ts';

/** How many events the page keeps; older ones fall off the end. */
export const maxListedEvents = 200;

/**
 * Adds events to a list, newest first. The same event may arrive twice (as news and inside a
 * snapshot) and in any order. Returns the given list itself when nothing in it is new.
 */
export function mergeEvents(
  list: readonly StampedEvent[],
  incoming: readonly StampedEvent[],
): readonly StampedEvent[] {
  const known = new Set(list.map((event) => event.id));
  const full = list.length >= maxListedEvents;
  const oldest = full ? (list.at(-1)?.id ?? 0) : Number.NEGATIVE_INFINITY;
  const fresh: StampedEvent[] = [];
  for (const event of incoming) {
    if (event.id <= oldest || known.has(event.id)) continue;
    known.add(event.id);
    fresh.push(event);
  }
  if (fresh.length === 0) return list;
  return [...fresh, ...list].toSorted((a, b) => b.id - a.id).slice(0, maxListedEvents);
}

/** How many events of `list` came after the newest of `frozen`: `12`, or `200+` when it overflowed. */
export function newerCount(list: readonly StampedEvent[], frozen: readonly StampedEvent[]): string {
  const newest = frozen[0]?.id ?? Number.NEGATIVE_INFINITY;
  const newer = list.filter((event) => event.id > newest).length;
  return newer >= maxListedEvents ? `${maxListedEvents}+` : String(newer);
}

/** What an event is about, in one line: `workspace / plan · step 3`. */
export function eventSubject(event: DataChangeEvent): string {
  switch (event.event_type) {
    case 'raw':
      return JSON.stringify(event.payload) ?? '';
    case 'test':
      return event.message;
    case 'workspace_changed':
      return event.workspace_id;
    case 'metrics_invalidated':
      return event.workspace_id ?? 'all workspaces';
    case 'step_changed':
      return `${placeOf(event)} · step ${event.step_index}`;
    case 'agent_session_changed':
      return `${placeOf(event)} · session ${event.session_id}`;
    case 'focused_workspace_generated':
      return `${placeOf(event)} · ${event.file_path}`;
    case 'plan_created':
    case 'plan_updated':
    case 'plan_archived':
    case 'plan_deleted':
      return placeOf(event);
    default:
      // A newer supervisor may know more types than this page.
      return '';
  }
}

function placeOf(event: { readonly workspace_id: string; readonly plan_id: string }): string {
  return `${event.workspace_id} / ${event.plan_id}`;
}
