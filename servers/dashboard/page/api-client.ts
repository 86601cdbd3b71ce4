import type {
  EventList,
  PlanDetail,
  PlanSummary,
  Workspace,
  WorkspaceDetail,
} from '../dashboard-api.d.ts';

/** What the page asks the server. A single thing that does not exist (any more) is null. */
export interface ApiClient {
  workspaces(): Promise<readonly Workspace[]>;
  workspace(id: string): Promise<WorkspaceDetail | null>;
  plans(): Promise<readonly PlanSummary[]>;
  plan(id: string): Promise<PlanDetail | null>;
  events(limit: number): Promise<EventList>;
}

type Fetch = (url: URL) => Promise<Response>;

/** Asks the server that `base` came from. Answers other than 200 and 404 are thrown with their text. */
export function createApiClient(base: string, fetch: Fetch): ApiClient {
  async function find<Answer>(path: string): Promise<Answer | null> {
    const response = await fetch(new URL(`api/${path}`, base));
    if (response.ok) return (await response.json()) as Answer;
    if (response.status === 404) return null;
    throw new Error(await explanation(response));
  }
  async function get<Answer>(path: string): Promise<Answer> {
    const answer = await find<Answer>(path);
    if (answer === null) throw new Error(`The server has no ${path}.`);
    return answer;
  }
  return {
    workspaces: async () =>
      (await get<{ workspaces: readonly Workspace[] }>('workspaces')).workspaces,
    workspace: (id) => find(`workspaces/${encodeURIComponent(id)}`),
    plans: async () => (await get<{ plans: readonly PlanSummary[] }>('plans')).plans,
    plan: (id) => find(`plans/${encodeURIComponent(id)}`),
    events: (limit) => get(`events?limit=${limit}`),
  };
}

/** The server explains itself as `{"error":…}`; what stands between us and it (a proxy) may not. */
async function explanation(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown };
    if (typeof body.error === 'string') return body.error;
  } catch {
    // Not JSON: the status has to do.
  }
  return `The server answered ${response.status}.`;
}
