/**
 * What happened, as one record: the row in `event_log` and the body of the webhook are the same
 * event. A change and its events are kept in one transaction; only then are they handed on, so
 * nobody is told of a change that was rolled back.
 */
import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { transact } from '../database.ts';

/** The names of the old server, so that its dashboards and supervisors understand them. */
export type MemoryEventType =
  | 'workspace_registered'
  | 'plan_created'
  | 'plan_updated'
  | 'plan_archived'
  | 'plan_deleted'
  | 'note_added'
  | 'step_updated'
  | 'context_stored'
  | 'agent_session_started'
  | 'agent_session_completed'
  | 'handoff_completed';

/** An event before it is written; the keys inside `data` are camelCase, as the old server had them. */
export interface EventDraft {
  readonly type: MemoryEventType;
  readonly workspace_id?: string;
  readonly plan_id?: string;
  readonly agent_type?: string;
  readonly tool_name?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface MemoryEvent extends EventDraft {
  /** `evt_<base36 ms>_<8 hex>`, the same on every way the event takes. */
  readonly id: string;
  /** ISO 8601 with milliseconds. */
  readonly timestamp: string;
}

/** Says that something happened; only within the change that made it happen. */
export type Emit = (draft: EventDraft) => void;

/**
 * Runs `work` in one transaction together with its events, hands these on and returns what `work`
 * returned. When `work` throws, nothing was changed and nobody is told. `at` is the moment of the
 * change: the `updated_at` of its rows and the timestamp of its events.
 */
export type Change = <Result>(work: (emit: Emit, at: string) => Result) => Result;

/** A new id: `evt_mwrildpl_a01f33c9`, `plan_…`, `sess_…`. */
export function createId(prefix: string, at: Date): string {
  return `${prefix}_${at.getTime().toString(36)}_${randomBytes(4).toString('hex')}`;
}

export interface ChangeDependencies {
  readonly database: DatabaseSync;
  /** Takes an event whose change is kept; must neither block nor throw. */
  readonly deliver: (event: MemoryEvent) => void;
  readonly now: () => Date;
}

/** The one way to write to the database. */
export function createChange({ database, deliver, now }: ChangeDependencies): Change {
  const log = database.prepare(
    'INSERT INTO event_log (event_type, data, timestamp) VALUES (?, ?, ?)',
  );
  return (work) => {
    const moment = now();
    const timestamp = moment.toISOString();
    const events: MemoryEvent[] = [];
    const result = transact(database, () =>
      work((draft) => {
        const event = describe(draft, createId('evt', moment), timestamp);
        log.run(event.type, JSON.stringify(event), timestamp);
        events.push(event);
      }, timestamp),
    );
    for (const event of events) deliver(event);
    return result;
  };
}

/** Puts the fields into the order in which the old server wrote them. */
function describe(draft: EventDraft, id: string, timestamp: string): MemoryEvent {
  const { type, data, ...origin } = draft;
  return { id, timestamp, type, ...origin, data };
}
