/** What the page derives from sessions, their windows and their pools. */
import type {
  ClientStatus,
  InstanceStatus,
  ServiceStatus,
  SessionStatus,
  StatusSnapshot,
  UpgradeStatus,
} from '../../shared/status.ts';
import { formatQuantity } from './format.ts';

/** One pool with its instances. */
export interface PoolView {
  readonly pool: ServiceStatus;
  readonly instances: readonly InstanceStatus[];
  /** Sessions that are on their way from one instance to another. */
  readonly moving: number;
}

export function poolViews({
  services,
  instances,
  sessions,
}: Pick<StatusSnapshot, 'services' | 'instances' | 'sessions'>): readonly PoolView[] {
  return services
    .filter(({ kind }) => kind === 'mcp_pool')
    .map((pool) => ({
      pool,
      instances: instances.filter(({ server }) => server === pool.name),
      moving: sessions.filter(({ server, instance }) => server === pool.name && instance === null)
        .length,
    }));
}

/** `2 of 5 instances replaced`, or why it ended early. */
export function upgradeSentence({ done, total, failed }: UpgradeStatus): string {
  const far = `${done} of ${formatQuantity(total, 'instance')} replaced`;
  if (failed !== null) return `The upgrade ended early: ${failed} ${far}; the others go on.`;
  return done >= total ? `${far}.` : `Upgrading: ${far}.`;
}

/** The attached window that a session belongs to. */
export function windowOf(
  { sessionId }: SessionStatus,
  clients: readonly ClientStatus[],
): ClientStatus | null {
  return clients.find(({ sessionIds }) => sessionIds.includes(sessionId)) ?? null;
}

/** What a window is called: its agent, else its id. */
export function windowName({ agent, windowId }: ClientStatus): string {
  return agent ?? windowId;
}

/** The last folder of a path or `file:` address; the whole of it where there is none. */
export function workspaceName(workspace: string): string {
  const last = workspace
    .replace(/[\\/]+$/u, '')
    .split(/[\\/]/u)
    .at(-1);
  if (last === undefined || last === '') return workspace;
  try {
    return workspace.startsWith('file:') ? decodeURIComponent(last) : last;
  } catch {
    // A lone `%` is no code; it stands for itself.
    return last;
  }
}
