/**
 * Every query of the memory server. Rows come back with the names that tools show (`plan_id`, not
 * `id`), so that an agent can copy what it read into its next call. A look-up by id throws
 * `not_found` with the way to the right id; writes belong inside a `Change` (see events.ts).
 */
import type { DatabaseSync } from 'node:sqlite';
import { CodedError } from '../../shared/errors.ts';
import { Statements } from './statements.ts';

export const planStatuses = ['active', 'completed', 'archived'] as const;
export type PlanStatus = (typeof planStatuses)[number];

export const stepStatuses = ['pending', 'active', 'done', 'blocked'] as const;
export type StepStatus = (typeof stepStatuses)[number];

// Types, not interfaces: only types may be asserted from the driver's index-signature rows. What
// the assertions promise, the schema's STRICT tables keep.
export type Workspace = {
  readonly workspace_id: string;
  readonly name: string;
  readonly path: string;
  readonly created_at: string;
  readonly updated_at: string;
};

export type Plan = {
  readonly plan_id: string;
  readonly workspace_id: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly status: PlanStatus;
  readonly created_at: string;
  readonly updated_at: string;
};

export type PlanSummary = Plan & {
  readonly steps_total: number;
  readonly steps_done: number;
};

export type Step = {
  readonly step_index: number;
  readonly task: string;
  readonly status: StepStatus;
  readonly notes: string;
  readonly updated_at: string;
};

export type Note = { readonly note: string; readonly created_at: string };

type ContextRow = {
  readonly plan_id: string;
  readonly key: string;
  readonly value: string;
  readonly updated_at: string;
};

export interface ContextEntry {
  readonly plan_id: string;
  readonly key: string;
  readonly value: unknown;
  readonly updated_at: string;
}

export type AgentSession = {
  readonly session_id: string;
  readonly plan_id: string;
  readonly agent_type: string;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly summary: string | null;
};

export interface PlanFilter {
  readonly workspaceId: string;
  readonly status: PlanStatus | undefined;
  readonly limit: number;
}

export interface ContextSearch {
  readonly query: string;
  readonly planId: string | undefined;
  readonly workspaceId: string | undefined;
  readonly limit: number;
}

export class Store {
  readonly #sql: Statements;

  constructor(database: DatabaseSync) {
    this.#sql = new Statements(database);
  }

  workspaces(): readonly Workspace[] {
    return this.#sql.all`
      SELECT id AS workspace_id, name, path, created_at, updated_at FROM workspaces
      ORDER BY updated_at DESC, id` as Workspace[];
  }

  workspace(id: string): Workspace {
    const row = this.#sql.get`
      SELECT id AS workspace_id, name, path, created_at, updated_at FROM workspaces
      WHERE id = ${id}`;
    return (row as Workspace | undefined) ?? unknown('workspace', id, 'memory_workspace list');
  }

  workspaceAt(path: string): Workspace | undefined {
    return this.#sql.get`
      SELECT id AS workspace_id, name, path, created_at, updated_at FROM workspaces
      WHERE path = ${path}` as Workspace | undefined;
  }

  insertWorkspace(row: Workspace): void {
    void this.#sql.run`
      INSERT INTO workspaces (id, name, path, created_at, updated_at)
      VALUES (${row.workspace_id}, ${row.name}, ${row.path}, ${row.created_at}, ${row.updated_at})`;
  }

  /** The plans of a workspace, the last changed first. */
  plans({ workspaceId, status, limit }: PlanFilter): readonly PlanSummary[] {
    const wanted = status ?? null;
    return this.#sql.all`
      SELECT id AS plan_id, workspace_id, title, description, category, status, created_at,
        updated_at,
        (SELECT count(*) FROM steps WHERE plan_id = plans.id) AS steps_total,
        (SELECT count(*) FROM steps WHERE plan_id = plans.id AND status = 'done') AS steps_done
      FROM plans WHERE workspace_id = ${workspaceId} AND (${wanted} IS NULL OR status = ${wanted})
      ORDER BY updated_at DESC, id LIMIT ${limit}` as PlanSummary[];
  }

  countPlans(workspaceId: string, status: PlanStatus | undefined): number {
    const wanted = status ?? null;
    return count(this.#sql.get`
      SELECT count(*) AS count FROM plans
      WHERE workspace_id = ${workspaceId} AND (${wanted} IS NULL OR status = ${wanted})`);
  }

  plan(id: string): Plan {
    return this.findPlan(id) ?? unknown('plan', id, 'memory_plan list with a workspace_id');
  }

  findPlan(id: string): Plan | undefined {
    return this.#sql.get`
      SELECT id AS plan_id, workspace_id, title, description, category, status, created_at,
        updated_at
      FROM plans WHERE id = ${id}` as Plan | undefined;
  }

  insertPlan(row: Plan): void {
    void this.#sql.run`
      INSERT INTO plans (id, workspace_id, title, description, category, status, created_at,
        updated_at)
      VALUES (${row.plan_id}, ${row.workspace_id}, ${row.title}, ${row.description},
        ${row.category}, ${row.status}, ${row.created_at}, ${row.updated_at})`;
  }

  updatePlan(row: Plan): void {
    void this.#sql.run`
      UPDATE plans SET title = ${row.title}, description = ${row.description},
        category = ${row.category}, status = ${row.status}, updated_at = ${row.updated_at}
      WHERE id = ${row.plan_id}`;
  }

  /** Marks a plan as changed when something that belongs to it was. */
  touchPlan(id: string, at: string): void {
    void this.#sql.run`UPDATE plans SET updated_at = ${at} WHERE id = ${id}`;
  }

  /** Deletes a plan with its steps, notes, contexts and agent sessions. */
  deletePlan(id: string): void {
    void this.#sql.run`DELETE FROM plans WHERE id = ${id}`;
  }

  steps(planId: string): readonly Step[] {
    return this.#sql.all`
      SELECT step_index, task, status, notes, updated_at FROM steps
      WHERE plan_id = ${planId} ORDER BY step_index` as Step[];
  }

  step(planId: string, index: number): Step {
    const row = this.#sql.get`
      SELECT step_index, task, status, notes, updated_at FROM steps
      WHERE plan_id = ${planId} AND step_index = ${index}`;
    if (row !== undefined) return row as Step;
    const total = this.countSteps(planId);
    const range = total === 0 ? 'it has no steps yet' : `its steps are 0 to ${total - 1}`;
    throw new CodedError('not_found', `Plan "${planId}" has no step ${index}: ${range}.`);
  }

  /** Also the index of the next step: steps count from 0 and are never removed one by one. */
  countSteps(planId: string): number {
    return count(this.#sql.get`SELECT count(*) AS count FROM steps WHERE plan_id = ${planId}`);
  }

  insertStep(planId: string, row: Step): void {
    void this.#sql.run`
      INSERT INTO steps (plan_id, step_index, task, status, notes, updated_at)
      VALUES (${planId}, ${row.step_index}, ${row.task}, ${row.status}, ${row.notes},
        ${row.updated_at})`;
  }

  updateStep(planId: string, row: Step): void {
    void this.#sql.run`
      UPDATE steps SET task = ${row.task}, status = ${row.status}, notes = ${row.notes},
        updated_at = ${row.updated_at}
      WHERE plan_id = ${planId} AND step_index = ${row.step_index}`;
  }

  notes(planId: string): readonly Note[] {
    return this.#sql.all`
      SELECT note, created_at FROM notes WHERE plan_id = ${planId} ORDER BY id` as Note[];
  }

  insertNote(planId: string, row: Note): void {
    void this.#sql.run`
      INSERT INTO notes (plan_id, note, created_at) VALUES (${planId}, ${row.note},
        ${row.created_at})`;
  }

  contexts(planId: string): readonly ContextEntry[] {
    const rows = this.#sql.all`
      SELECT plan_id, key, value, updated_at FROM contexts WHERE plan_id = ${planId}
      ORDER BY key` as ContextRow[];
    return rows.map(parseContext);
  }

  findContext(planId: string, key: string): ContextEntry | undefined {
    const row = this.#sql.get`
      SELECT plan_id, key, value, updated_at FROM contexts
      WHERE plan_id = ${planId} AND key = ${key}` as ContextRow | undefined;
    return row && parseContext(row);
  }

  /** Entries whose key or value contains the text, whatever its case (ASCII); the newest first. */
  searchContexts({ query, planId, workspaceId, limit }: ContextSearch): readonly ContextEntry[] {
    const inKey = containing(query);
    // The value is stored as JSON, where quotes and line ends inside a text are escaped.
    const inValue = containing(JSON.stringify(query).slice(1, -1));
    const plan = planId ?? null;
    const workspace = workspaceId ?? null;
    const rows = this.#sql.all`
      SELECT contexts.plan_id, key, value, contexts.updated_at FROM contexts
      JOIN plans ON plans.id = contexts.plan_id
      WHERE (key LIKE ${inKey} ESCAPE '!' OR value LIKE ${inValue} ESCAPE '!')
        AND (${plan} IS NULL OR contexts.plan_id = ${plan})
        AND (${workspace} IS NULL OR plans.workspace_id = ${workspace})
      ORDER BY contexts.updated_at DESC, key LIMIT ${limit}` as ContextRow[];
    return rows.map(parseContext);
  }

  /** Writes a value under its key, over whatever was there. */
  putContext(entry: ContextEntry): void {
    void this.#sql.run`
      INSERT INTO contexts (plan_id, key, value, updated_at)
      VALUES (${entry.plan_id}, ${entry.key}, ${JSON.stringify(entry.value)}, ${entry.updated_at})
      ON CONFLICT (plan_id, key) DO UPDATE SET value = excluded.value,
        updated_at = excluded.updated_at`;
  }

  /** The agent sessions of one plan or of all, the newest first. */
  sessions(planId: string | undefined, limit: number): readonly AgentSession[] {
    const plan = planId ?? null;
    return this.#sql.all`
      SELECT id AS session_id, plan_id, agent_type, started_at, ended_at, summary
      FROM agent_sessions WHERE (${plan} IS NULL OR plan_id = ${plan})
      ORDER BY started_at DESC, id LIMIT ${limit}` as AgentSession[];
  }

  session(id: string): AgentSession {
    const row = this.#sql.get`
      SELECT id AS session_id, plan_id, agent_type, started_at, ended_at, summary
      FROM agent_sessions WHERE id = ${id}`;
    return (row as AgentSession | undefined) ?? unknown('agent session', id, 'memory_agent list');
  }

  insertSession(row: AgentSession): void {
    void this.#sql.run`
      INSERT INTO agent_sessions (id, plan_id, agent_type, started_at, ended_at, summary)
      VALUES (${row.session_id}, ${row.plan_id}, ${row.agent_type}, ${row.started_at},
        ${row.ended_at}, ${row.summary})`;
  }

  endSession(id: string, at: string, summary: string | null): void {
    void this.#sql.run`
      UPDATE agent_sessions SET ended_at = ${at}, summary = ${summary} WHERE id = ${id}`;
  }

  countWorkspaces(): number {
    return count(this.#sql.get`SELECT count(*) AS count FROM workspaces`);
  }

  /** Agent sessions that were started and not ended. */
  countLiveSessions(): number {
    return count(this.#sql.get`
      SELECT count(*) AS count FROM agent_sessions WHERE ended_at IS NULL`);
  }
}

function unknown(thing: string, id: string, listing: string): never {
  throw new CodedError('not_found', `There is no ${thing} "${id}". Find its id with ${listing}.`);
}

function count(row: Record<string, unknown> | undefined): number {
  return Number(row?.['count']);
}

/** The LIKE pattern of texts that contain this one; `!` takes the meaning from wildcards. */
function containing(text: string): string {
  return `%${text.replace(/[!%_]/g, '!$&')}%`;
}

function parseContext({ value, ...entry }: ContextRow): ContextEntry {
  return { ...entry, value: JSON.parse(value) };
}
