/** For tests: the dashboard's API as a value that can be changed, and a record of what was read. */
import type {
  McpEvent,
  PlanDetail,
  PlanSummary,
  Workspace,
  WorkspaceDetail,
} from '../dashboard-api.d.ts';
import type { ApiClient } from './api-client.ts';

export interface FakeServer extends ApiClient {
  readonly workspaceRows: Workspace[];
  readonly planRows: PlanDetail[];
  readonly logged: McpEvent[];
  /** What was read, in order; emptied by the test. */
  readonly reads: string[];
  /** While set, every read fails with this text. */
  failure: string | null;
  /** Lets reads wait until it resolves. */
  gate: Promise<void>;
}

const at = '2026-11-22T11:00:00.000Z';

export function workspaceRow(id: string, name: string): Workspace {
  const counts = { plans_total: 0, plans_active: 0 };
  return { id, name, path: `/src/${name}`, created_at: at, updated_at: at, ...counts };
}

export function planRow(id: string, title: string, steps: PlanDetail['steps'] = []): PlanDetail {
  return {
    id,
    workspace_id: 'pmws-1',
    title,
    description: '',
    category: 'feature',
    status: 'active',
    created_at: at,
    updated_at: at,
    steps_total: steps.length,
    steps_done: steps.filter((step) => step.status === 'done').length,
    steps_blocked: steps.filter((step) => step.status === 'blocked').length,
    steps,
    contexts: [],
    agent_sessions: [],
  };
}

export function planEvent(id: string, planId: string): McpEvent {
  const about = { workspace_id: 'pmws-1', plan_id: planId };
  return { id, type: 'step_updated', timestamp: at, ...about, data: { step_index: 0 } };
}

export function makeFakeServer(): FakeServer {
  async function answer<Result>(name: string, result: () => Result): Promise<Result> {
    server.reads.push(name);
    if (server.failure !== null) throw new Error(server.failure);
    const answered = result();
    await server.gate;
    return answered;
  }
  const plansOf = (id: string): PlanSummary[] =>
    server.planRows.filter((plan) => plan.workspace_id === id);
  const server: FakeServer = {
    workspaceRows: [workspaceRow('pmws-1', 'alpha')],
    planRows: [],
    logged: [],
    reads: [],
    failure: null,
    gate: Promise.resolve(),
    workspaces: () => answer('workspaces', () => [...server.workspaceRows]),
    workspace: (id) =>
      answer(`workspace ${id}`, (): WorkspaceDetail | null => {
        const found = server.workspaceRows.find((workspace) => workspace.id === id);
        return found === undefined ? null : { ...found, plans: plansOf(id) };
      }),
    plans: () => answer('plans', () => [...server.planRows]),
    plan: (id) =>
      answer(`plan ${id}`, () => server.planRows.find((plan) => plan.id === id) ?? null),
    events: () =>
      answer('events', () => ({
        events: server.logged.toReversed(),
        total: server.logged.length,
        latest_timestamp: null,
        latest_id: server.logged.length,
      })),
  };
  return server;
}
