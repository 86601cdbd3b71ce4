import { CodedError } from '../../../shared/errors.ts';
import { type DataChange, eventTypes, isEventType } from '../../../shared/events.ts';

/** What a subscriber wants to hear; an empty filter is everything. */
export interface EventFilter {
  readonly types: ReadonlySet<string> | null;
  readonly workspaceId: string | null;
  readonly planId: string | null;
}

/** Reads `?types=a,b&workspace_id=w&plan_id=p`; throws `bad_request` naming the known types. */
export function readFilter(query: URLSearchParams): EventFilter | null {
  const types = query.get('types')?.split(',').filter(Boolean) ?? [];
  const unknown = types.find((type) => !isEventType(type));
  if (unknown !== undefined) {
    throw new CodedError(
      'bad_request',
      `There is no event type "${unknown.slice(0, 50)}". Known types: ${eventTypes.join(', ')}.`,
    );
  }
  const workspaceId = query.get('workspace_id');
  const planId = query.get('plan_id');
  if (types.length === 0 && workspaceId === null && planId === null) return null;
  return { types: types.length === 0 ? null : new Set(types), workspaceId, planId };
}

export function matches(filter: EventFilter, event: DataChange): boolean {
  if (filter.types !== null && !filter.types.has(event.event_type)) return false;
  if (filter.workspaceId !== null) {
    if (!('workspace_id' in event) || event.workspace_id !== filter.workspaceId) return false;
  }
  if (filter.planId !== null) {
    if (!('plan_id' in event) || event.plan_id !== filter.planId) return false;
  }
  return true;
}

/** The filter as people read it in the list of subscribers. */
export function describeFilter(filter: EventFilter | null): string | null {
  if (filter === null) return null;
  const parts: string[] = [];
  if (filter.types) parts.push(`types=${[...filter.types].join(',')}`);
  if (filter.workspaceId !== null) parts.push(`workspace_id=${filter.workspaceId}`);
  if (filter.planId !== null) parts.push(`plan_id=${filter.planId}`);
  return parts.join(' ');
}
