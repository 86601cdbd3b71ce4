/**
 * The shared database as the dashboard reads it. Nothing is written but the empty file itself, when
 * the dashboard starts before the first memory server. A failed read costs that one answer: the
 * handle is dropped and the next read opens the file again, also when the file was replaced.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { CodedError, messageOf } from '../../shared/errors.ts';
import { openDatabase } from '../database.ts';
import type {
  AgentSession,
  ContextKey,
  EventList,
  PlanDetail,
  PlanStatus,
  PlanSummary,
  Step,
  Workspace,
  WorkspaceDetail,
} from './dashboard-api.d.ts';
import { fromLogRow, type LogRow } from './mcp-event.ts';

const selectWorkspaces = `
  SELECT id, name, path, created_at, updated_at,
    (SELECT count(*) FROM plans WHERE workspace_id = w.id) AS plans_total,
    (SELECT count(*) FROM plans WHERE workspace_id = w.id AND status = 'active') AS plans_active
  FROM workspaces w`;

const selectPlans = `
  SELECT id, workspace_id, title, description, category, status, created_at, updated_at,
    (SELECT count(*) FROM steps WHERE plan_id = p.id) AS steps_total,
    (SELECT count(*) FROM steps WHERE plan_id = p.id AND status = 'done') AS steps_done,
    (SELECT count(*) FROM steps WHERE plan_id = p.id AND status = 'blocked') AS steps_blocked
  FROM plans p`;

/** AUTOINCREMENT's own counter: it does not go back when old rows are deleted. */
const selectLatestId = `SELECT seq FROM sqlite_sequence WHERE name = 'event_log'`;

export interface PlanFilter {
  readonly workspaceId: string | null;
  readonly status: PlanStatus | null;
}

export interface EventFilter {
  readonly limit: number;
  /** Only events after this row id, or after this time (ISO 8601 UTC with ms). */
  readonly since: number | string | null;
}

export class MemoryReader {
  readonly folder: string;
  readonly path: string;
  #database: DatabaseSync | null = null;
  #identity = '';
  #lastError: string | null = null;

  constructor(folder: string) {
    this.folder = folder;
    this.path = join(folder, 'memory.db');
  }

  /** Why the last read failed; null when it did not. */
  get lastError(): string | null {
    return this.#lastError;
  }

  close(): void {
    const database = this.#database;
    this.#database = null;
    try {
      database?.close();
    } catch {
      // The handle is given up either way, and the dashboard wrote nothing that could be lost.
    }
  }

  /** By name. All reads throw `internal` when the database cannot be read. */
  workspaces(): readonly Workspace[] {
    return this.#read((database) => rows(database, `${selectWorkspaces} ORDER BY name, id`, []));
  }

  /** @throws `not_found` */
  workspace(id: string): WorkspaceDetail {
    return this.#read((database) => {
      const [workspace] = rows<Workspace>(database, `${selectWorkspaces} WHERE id = ?`, [id]);
      if (workspace === undefined)
        throw new CodedError('not_found', `There is no workspace ${JSON.stringify(id)}.`);
      return { ...workspace, plans: plansOf(database, { workspaceId: id, status: null }) };
    });
  }

  /** The one changed last comes first. */
  plans(filter: PlanFilter): readonly PlanSummary[] {
    return this.#read((database) => plansOf(database, filter));
  }

  /** @throws `not_found` */
  plan(id: string): PlanDetail {
    return this.#read((database) => {
      const [plan] = rows<PlanSummary>(database, `${selectPlans} WHERE id = ?`, [id]);
      if (plan === undefined)
        throw new CodedError('not_found', `There is no plan ${JSON.stringify(id)}.`);
      return {
        ...plan,
        steps: rows<Step>(
          database,
          `SELECT step_index, task, status, notes, updated_at FROM steps
           WHERE plan_id = ? ORDER BY step_index`,
          [id],
        ),
        contexts: rows<ContextKey>(
          database,
          'SELECT key, updated_at FROM contexts WHERE plan_id = ? ORDER BY key',
          [id],
        ),
        agent_sessions: rows<AgentSession>(
          database,
          `SELECT id, agent_type, started_at, ended_at, summary FROM agent_sessions
           WHERE plan_id = ? ORDER BY started_at DESC, id DESC`,
          [id],
        ),
      };
    });
  }

  /** The newest events that match, newest first. */
  events({ limit, since }: EventFilter): EventList {
    const column = typeof since === 'string' ? 'timestamp' : 'id';
    const where = `FROM event_log WHERE ${column} > ?`;
    const after = since ?? 0;
    return this.#read((database) => {
      const events = rows<LogRow>(
        database,
        `SELECT id, event_type, data, timestamp ${where} ORDER BY id DESC LIMIT ?`,
        [after, limit],
      );
      const [count] = rows<{ total: number }>(database, `SELECT count(*) AS total ${where}`, [
        after,
      ]);
      return {
        events: events.map(fromLogRow),
        total: count?.total ?? 0,
        latest_timestamp: events[0]?.timestamp ?? null,
        latest_id: latestId(database),
      };
    });
  }

  /** Row id of the newest event ever logged; 0 when there was none. */
  latestEventId(): number {
    return this.#read(latestId);
  }

  /** Up to `limit` rows after the row `after`, oldest first. */
  eventsAfter(after: number, limit: number): readonly LogRow[] {
    return this.#read((database) =>
      rows(
        database,
        'SELECT id, event_type, data, timestamp FROM event_log WHERE id > ? ORDER BY id LIMIT ?',
        [after, limit],
      ),
    );
  }

  #read<Result>(work: (database: DatabaseSync) => Result): Result {
    try {
      const result = work(this.#open());
      this.#lastError = null;
      return result;
    } catch (error) {
      if (error instanceof CodedError) throw error;
      this.close();
      this.#lastError = messageOf(error);
      throw new CodedError('internal', `${this.path} cannot be read: ${this.#lastError}`, {
        cause: error,
      });
    }
  }

  #open(): DatabaseSync {
    // On Unix a deleted file lives on behind the open handle and would be shown for ever.
    if (this.#database !== null && identityOf(this.path) === this.#identity) return this.#database;
    this.close();
    const database = openDatabase(this.folder);
    database.exec('PRAGMA query_only = ON');
    this.#identity = identityOf(this.path);
    this.#database = database;
    return database;
  }
}

function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`;
}

function latestId(database: DatabaseSync): number {
  return rows<{ seq: number }>(database, selectLatestId, [])[0]?.seq ?? 0;
}

function plansOf(database: DatabaseSync, filter: PlanFilter): readonly PlanSummary[] {
  return rows(
    database,
    `${selectPlans} WHERE (?1 IS NULL OR workspace_id = ?1) AND (?2 IS NULL OR status = ?2)
     ORDER BY updated_at DESC, id DESC`,
    [filter.workspaceId, filter.status],
  );
}

/** All rows of a query. The tables are STRICT, so the columns have the types that `Row` says. */
function rows<Row>(
  database: DatabaseSync,
  sql: string,
  values: readonly (string | number | null)[],
): Row[] {
  return database.prepare(sql).all(...values) as Row[];
}
