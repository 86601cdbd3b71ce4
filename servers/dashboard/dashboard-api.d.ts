/**
 * What the dashboard's server says and its page reads: the shapes of `/api/*` and `/ws`. A
 * declaration file, because the server and the page are two TypeScript projects (Node and DOM)
 * and types are all that they share.
 */
import type { Gap } from '../../shared/events.ts';

/** A change as the old dashboard told it; its clients compare `id` and switch on `type`. */
export interface McpEvent {
  /** The id where the event was born (`evt_…`): the same on every way here. */
  readonly id: string;
  /** The name that its source gave it: `step_updated`, `plan_created` … */
  readonly type: string;
  /** ISO 8601 with milliseconds. */
  readonly timestamp: string;
  readonly workspace_id?: string;
  readonly plan_id?: string;
  readonly agent_type?: string;
  readonly tool_name?: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One message of `/ws`. `resync` says that events were missed: read everything again. */
export type SocketMessage =
  | { readonly type: 'mcp_event'; readonly data: McpEvent }
  | { readonly type: 'resync'; readonly data: Gap };

/** `GET /api/events`. */
export interface EventList {
  /** Newest first. */
  readonly events: readonly McpEvent[];
  /** How many match; more than `events` holds when `limit` cut them. */
  readonly total: number;
  readonly latest_timestamp: string | null;
  /** Row id of the newest event ever logged: the next request's `since`. */
  readonly latest_id: number;
}

/** `GET /api/workspaces` has a list of these. */
export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly plans_total: number;
  readonly plans_active: number;
}

/** `GET /api/workspaces/:id`. */
export interface WorkspaceDetail extends Workspace {
  readonly plans: readonly PlanSummary[];
}

export type PlanStatus = 'active' | 'completed' | 'archived';
export type StepStatus = 'pending' | 'active' | 'done' | 'blocked';

/** `GET /api/plans` has a list of these. */
export interface PlanSummary {
  readonly id: string;
  readonly workspace_id: string;
  readonly title: string;
  readonly description: string;
  readonly category: string;
  readonly status: PlanStatus;
  readonly created_at: string;
  readonly updated_at: string;
  readonly steps_total: number;
  readonly steps_done: number;
  readonly steps_blocked: number;
}

export interface Step {
  /** Counts from 0 within its plan. */
  readonly step_index: number;
  readonly task: string;
  readonly status: StepStatus;
  readonly notes: string;
  readonly updated_at: string;
}

export interface ContextKey {
  readonly key: string;
  readonly updated_at: string;
}

export interface AgentSession {
  readonly id: string;
  readonly agent_type: string;
  readonly started_at: string;
  /** Null while the agent works. */
  readonly ended_at: string | null;
  readonly summary: string | null;
}

/** `GET /api/plans/:id`. Contexts are named, not quoted: their values can be large. */
export interface PlanDetail extends PlanSummary {
  readonly steps: readonly Step[];
  readonly contexts: readonly ContextKey[];
  readonly agent_sessions: readonly AgentSession[];
}
