/** What `GET /health` says, in the shape of the old server. */
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { serverName, serverVersion } from './memory-server.ts';
import type { TransportName } from './options.ts';
import type { Store } from './store.ts';

export interface Health {
  /** `error` when the database cannot be read. */
  readonly status: 'ok' | 'error';
  readonly error?: string;
  readonly server: string;
  readonly version: string;
  readonly transport: TransportName;
  /** Seconds. */
  readonly uptime: number;
  readonly activeSessions: number;
  readonly sessionsByType: Readonly<Record<string, number>>;
  readonly liveAgentSessions: number | null;
  readonly registeredWorkspaces: number | null;
  readonly memory: NodeJS.MemoryUsage;
  readonly process: { readonly pid: number; readonly node: string; readonly platform: string };
  readonly dataRoot: string;
  readonly dbPath: string;
  /** ISO 8601. */
  readonly timestamp: string;
}

export interface HealthDependencies {
  readonly store: Store;
  readonly transport: TransportName;
  readonly dataRoot: string;
  readonly now: () => Date;
}

/** Looks at the process and reads the database, so that "ok" means that calls will work. */
export function createHealth(dependencies: HealthDependencies): (activeSessions: number) => Health {
  const { store, transport, dataRoot, now } = dependencies;
  return (activeSessions) => ({
    ...look(store),
    server: serverName,
    version: serverVersion,
    transport,
    uptime: process.uptime(),
    activeSessions,
    sessionsByType: { [transport]: activeSessions },
    memory: process.memoryUsage(),
    process: { pid: process.pid, node: process.version, platform: process.platform },
    dataRoot,
    dbPath: join(dataRoot, 'memory.db'),
    timestamp: now().toISOString(),
  });
}

function look(
  store: Store,
): Pick<Health, 'status' | 'error' | 'liveAgentSessions' | 'registeredWorkspaces'> {
  try {
    return {
      status: 'ok',
      liveAgentSessions: store.countLiveSessions(),
      registeredWorkspaces: store.countWorkspaces(),
    };
  } catch (error) {
    return {
      status: 'error',
      error: messageOf(error),
      liveAgentSessions: null,
      registeredWorkspaces: null,
    };
  }
}
