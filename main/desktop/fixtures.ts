/** Snapshots for the tests of this folder. */
import type { ServiceState, ServiceStatus, StatusSnapshot } from '../../shared/status.ts';
import { displayName } from '../../shared/wording.ts';

const noon = '2026-01-01T12:00:00.000Z';

export function serviceIn(state: ServiceState, name = 'mcp'): ServiceStatus {
  return {
    name,
    displayName: displayName(name),
    kind: name === 'dashboard' ? 'dashboard' : 'server',
    state,
    reason: 'because of the test',
    since: noon,
    pid: null,
    port: null,
    url: null,
    restarts: 0,
    lastExit: null,
    nextRetryAt: null,
    lastHealthyAt: null,
    lastError: null,
    onDemand: false,
  };
}

export function snapshotOf(
  services: readonly ServiceStatus[],
  changes: Partial<StatusSnapshot> = {},
): StatusSnapshot {
  return {
    version: '1.0.0',
    instanceId: 'test',
    pid: 1,
    startedAt: noon,
    stopping: false,
    config: { path: 'supervisor.toml', running: 'file', problems: [] },
    mcpUrl: 'http://127.0.0.1:3457/mcp',
    dashboardUrl: 'http://127.0.0.1:3459',
    pageUrl: null,
    services,
    instances: [],
    sessions: [],
    clients: [],
    doors: [],
    events: {
      enabled: true,
      subscribers: [],
      published: 0,
      delivered: 0,
      lagged: 0,
      deduplicated: 0,
      rejected: 0,
      replayed: 0,
      lastId: 0,
      gaps: { lagged: 0, expired: 0, unknown: 0 },
      journal: { state: 'off', file: null, events: 0, oldestId: 0, lost: 0, lastError: null },
      sources: [],
      url: 'http://127.0.0.1:3457/supervisor/events',
    },
    recentEvents: [],
    ...changes,
  };
}
