/**
 * Data-change events as they travel on `/supervisor/events`. The first eight types and the frame
 * shape `{"id":N,"data":{"event_type":…}}` are those of the system this one replaces; the origin
 * fields (`timestamp`, `source`, `source_id`) were added, none was renamed.
 */
export const eventTypes = [
  'plan_created',
  'plan_updated',
  'plan_archived',
  'plan_deleted',
  'step_changed',
  'agent_session_changed',
  'workspace_changed',
  'focused_workspace_generated',
  'metrics_invalidated',
  'raw',
  'test',
] as const;

export type EventType = (typeof eventTypes)[number];

interface PlanEvent<Type extends string> {
  readonly event_type: Type;
  readonly workspace_id: string;
  readonly plan_id: string;
}

/** What changed. */
export type DataChange =
  | PlanEvent<'plan_created'>
  | PlanEvent<'plan_updated'>
  | PlanEvent<'plan_archived'>
  | PlanEvent<'plan_deleted'>
  | (PlanEvent<'step_changed'> & {
      readonly step_index: number;
      /** `active`, `done` …, where the source says it. */
      readonly new_status?: string;
    })
  | (PlanEvent<'agent_session_changed'> & { readonly session_id: string })
  | { readonly event_type: 'workspace_changed'; readonly workspace_id: string }
  | (PlanEvent<'focused_workspace_generated'> & { readonly file_path: string })
  | { readonly event_type: 'metrics_invalidated'; readonly workspace_id: string | null }
  | { readonly event_type: 'raw'; readonly payload: unknown }
  | { readonly event_type: 'test'; readonly message: string };

/** Who told us. */
export interface EventOrigin {
  /** When it happened, ISO 8601 with milliseconds. */
  readonly timestamp: string;
  /** The way in: `webhook:mcp:3460`, `stream:dashboard`, `control` … */
  readonly source: string;
  /**
   * The event's id where it was born (`evt_…`; `pms_…` for one born here). It stays the same on every
   * way through other supervisors and dashboards: that is how an event is known to be the same one.
   */
  readonly source_id: string;
  /** The source's own name of the event (`step_updated`), where it has another. */
  readonly source_type?: string;
}

export type DataChangeEvent = DataChange & EventOrigin;

/** The JSON of one `data:` line. Ids strictly increase and fit in 2^53. */
export interface StampedEvent {
  readonly id: number;
  readonly data: DataChangeEvent;
}

/**
 * Why a subscriber did not get everything: it read too slowly (`lagged`), it came back too late
 * (`expired`), or nobody can say what was there: its id is from the future or no number, or a crash
 * took events that were not on disk yet (`unknown`).
 */
export const gapReasons = ['lagged', 'expired', 'unknown'] as const;

export type GapReason = (typeof gapReasons)[number];

/** The JSON of an `event: gap` frame: the ids `from`…`to` will not be delivered. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
}

export function isEventType(text: string): text is EventType {
  return (eventTypes as readonly string[]).includes(text);
}
