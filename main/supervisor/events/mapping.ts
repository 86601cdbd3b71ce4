/**
 * Turns what sources send into typed events. The MCP server and the dashboard of the old system name
 * the same things differently (camelCase there, snake_case here; ids at the top, in `data` or in
 * `context`), so each fact is looked for under all its names (old weakness W4).
 */
import { z } from 'zod';
import { CodedError } from '../../../shared/errors.ts';
import { type DataChange, type EventType, isEventType } from '../../../shared/events.ts';

/** An event as the MCP server and the dashboard have it. */
const mcpEventSchema = z.looseObject({
  id: z.union([z.string().min(1), z.number()]).optional(),
  type: z.string().min(1),
  timestamp: z.string().optional(),
  workspace_id: z.string().nullish(),
  plan_id: z.string().nullish(),
  data: z.record(z.string(), z.unknown()).nullish(),
});

/** An event as a supervisor stamps it. */
const stampedSchema = z.object({
  id: z.number(),
  data: z.looseObject({
    event_type: z.string().min(1),
    timestamp: z.string().optional(),
    source_id: z.string().min(1).optional(),
    source_type: z.string().optional(),
  }),
});

/** What a source told, ready to be published. */
export interface MappedEvent {
  readonly change: DataChange;
  /** Null when the source gave none. */
  readonly sourceId: string | null;
  readonly sourceType: string | null;
  /** ISO 8601; null when the source gave none or nonsense. */
  readonly timestamp: string | null;
}

const planUpdates = new Set([
  'plan_updated',
  'note_added',
  'plan_imported',
  'plan_duplicated',
  'plan_resumed',
  'phase_confirmed',
  'context_stored',
]);
const stepChanges = new Set(['step_updated', 'step_confirmed', 'step_changed']);
const agentSessions = new Set([
  'agent_session_started',
  'agent_session_completed',
  'agent_session_changed',
  'handoff',
  'handoff_started',
  'handoff_completed',
  'session_interrupted',
  'session_injected',
  'session_stop_escalated',
]);
const workspaceChanges = new Set([
  'workspace_registered',
  'workspace_indexed',
  'workspace_changed',
  'program_created',
  'program_updated',
  'program_archived',
]);

/** Maps one JSON value from a source; throws `bad_request` when it is no event at all. */
export function mapEvent(json: unknown): MappedEvent {
  const stamped = stampedSchema.safeParse(json);
  if (stamped.success) return mapStamped(stamped.data.id, stamped.data.data);
  const event = mcpEventSchema.safeParse(json);
  if (!event.success) {
    throw new CodedError('bad_request', 'An event needs a "type" and an object as "data".');
  }
  const { id, type, timestamp } = event.data;
  return {
    change: changeOf(type, event.data),
    sourceId: id === undefined ? null : String(id),
    sourceType: type,
    timestamp: readTime(timestamp),
  };
}

/** Another supervisor's event: already typed; its origin is kept so that it stays the same event. */
function mapStamped(id: number, data: z.infer<typeof stampedSchema>['data']): MappedEvent {
  const { event_type, timestamp, source_id, source_type, source: _source, ...fields } = data;
  // Supervisors of the old system wrap stamped events that come back to them (W3).
  const wrapped = event_type === 'raw' ? stampedSchema.safeParse(fields['payload']) : null;
  if (wrapped?.success) return mapStamped(wrapped.data.id, wrapped.data.data);
  const change = isEventType(event_type)
    ? typedChange(event_type, fields)
    : { event_type: 'raw' as const, payload: data };
  // The ids of the old system begin with 1 at each start: without a time they say nothing.
  const stamp = timestamp === undefined ? null : `stamped_${id}_${timestamp}`;
  return {
    change,
    sourceId: source_id ?? stamp,
    sourceType: source_type ?? null,
    timestamp: readTime(timestamp),
  };
}

/** Fields of a later version are kept; those that this one knows have the type they should have. */
function typedChange(event_type: EventType, fields: Readonly<Record<string, unknown>>): DataChange {
  const { workspace_id, message, payload } = fields;
  if (event_type === 'raw') return { ...fields, event_type, payload: payload ?? null };
  if (event_type === 'test') {
    return { ...fields, event_type, message: typeof message === 'string' ? message : '' };
  }
  if (event_type === 'metrics_invalidated') {
    const of = typeof workspace_id === 'string' ? workspace_id : null;
    return { ...fields, event_type, workspace_id: of };
  }
  return { ...fields, ...changeOf(event_type, { type: event_type, data: fields }) };
}

function changeOf(type: string, event: z.infer<typeof mcpEventSchema>): DataChange {
  const data = event.data ?? {};
  const text = (...names: readonly string[]) => {
    const name = names.find((each) => typeof data[each] === 'string');
    return name === undefined ? '' : String(data[name]);
  };
  const workspace_id = event.workspace_id ?? text('workspace_id', 'workspaceId');
  const plan_id = event.plan_id ?? text('plan_id', 'planId');
  if (type === 'plan_created' || type === 'plan_archived' || type === 'plan_deleted') {
    return { event_type: type, workspace_id, plan_id };
  }
  if (planUpdates.has(type)) return { event_type: 'plan_updated', workspace_id, plan_id };
  if (stepChanges.has(type)) {
    const step = data['step_index'] ?? data['stepIndex'];
    const step_index = typeof step === 'number' ? step : 0;
    const new_status = text('new_status', 'newStatus');
    return {
      event_type: 'step_changed',
      workspace_id,
      plan_id,
      step_index,
      ...(new_status !== '' && { new_status }),
    };
  }
  if (agentSessions.has(type)) {
    const session_id = text('session_id', 'sessionId');
    return { event_type: 'agent_session_changed', workspace_id, plan_id, session_id };
  }
  if (workspaceChanges.has(type)) return { event_type: 'workspace_changed', workspace_id };
  if (type === 'workspace_scope_changed' || type === 'focused_workspace_generated') {
    const file_path = text('file_path', 'filePath');
    return { event_type: 'focused_workspace_generated', workspace_id, plan_id, file_path };
  }
  return { event_type: 'raw', payload: event };
}

function readTime(text: string | undefined): string | null {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
