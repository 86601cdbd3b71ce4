/**
 * The two ways an event comes in, turned into the one shape that goes out. The id is always the one
 * that the event was born with: a supervisor that reads our stream back knows its own events by it
 * (the old system re-published them for ever).
 */
import { z } from 'zod';
import type { McpEvent } from './dashboard-api.d.ts';

const stampedEvent = z.object({
  id: z.int().nonnegative(),
  data: z.looseObject({
    event_type: z.string().min(1),
    timestamp: z.string(),
    source: z.string().optional(),
    source_id: z.string().min(1),
    source_type: z.string().optional(),
    workspace_id: z.string().nullish(),
    plan_id: z.string().nullish(),
  }),
});

const payloadEvent = z.looseObject({
  id: z.unknown().optional(),
  type: z.string().min(1),
  timestamp: z.string().optional(),
  workspace_id: z.string().nullish(),
  plan_id: z.string().nullish(),
  agent_type: z.string().nullish(),
  tool_name: z.string().nullish(),
  data: z.record(z.string(), z.unknown()).optional(),
});

/** A supervisor's event with its place in the supervisor's stream. */
export interface Received {
  readonly position: number;
  readonly event: McpEvent;
}

type Optional = Partial<
  Record<'workspace_id' | 'plan_id' | 'agent_type' | 'tool_name', string | null | undefined>
>;

/** Keeps the fields that say something: the old system wrote `""` and `null` for "none". */
function present(fields: Optional): Partial<McpEvent> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => Boolean(value)));
}

/**
 * Reads the JSON of one `data:` line of `/supervisor/events`.
 * @throws when it is not a stamped event
 */
export function fromSupervisor(json: string): Received {
  const { id: position, data } = stampedEvent.parse(JSON.parse(json));
  const {
    event_type,
    timestamp,
    source: _source,
    source_id: id,
    source_type,
    workspace_id,
    plan_id,
    ...rest
  } = data;
  if (event_type === 'raw') return { position, event: fromPayload(rest['payload'], id, timestamp) };
  const event = {
    id,
    type: source_type ?? event_type,
    timestamp,
    ...present({ workspace_id, plan_id }),
    data: rest,
  };
  return { position, event };
}

/** A `raw` event carries what its source said, usually an MCPEvent of a type that has no other name. */
function fromPayload(payload: unknown, id: string, timestamp: string): McpEvent {
  const parsed = payloadEvent.safeParse(payload);
  if (!parsed.success) return { id, type: 'raw', timestamp, data: { payload } };
  const {
    id: _id,
    type,
    timestamp: own,
    workspace_id,
    plan_id,
    agent_type,
    tool_name,
    data,
    ...rest
  } = parsed.data;
  return {
    id,
    type,
    timestamp: own ?? timestamp,
    ...present({ workspace_id, plan_id, agent_type, tool_name }),
    data: data ?? rest,
  };
}

/** A row of `event_log`. */
export interface LogRow {
  readonly id: number;
  readonly event_type: string;
  /** The whole event as JSON. */
  readonly data: string;
  readonly timestamp: string;
}

/** The event of a row, as it was stored; the columns stand in for what its JSON does not say. */
export function fromLogRow(row: LogRow): McpEvent {
  const columns = { id: `evt_${row.id}`, type: row.event_type, timestamp: row.timestamp, data: {} };
  let stored: unknown;
  try {
    stored = JSON.parse(row.data);
  } catch {
    // A row that another program spoiled must not hide the rows after it.
    return columns;
  }
  return typeof stored === 'object' && stored !== null ? { ...columns, ...stored } : columns;
}
