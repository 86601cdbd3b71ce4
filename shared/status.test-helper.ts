/** States of a supervisor for tests: each says what it needs, the rest is plain. */
import type {
  EventStats,
  InstanceStatus,
  ServiceState,
  ServiceStatus,
  SessionStatus,
  StatusSnapshot,
} from './status.ts';
import { displayName } from './wording.ts';

export const noon = '2026-01-01T12:00:00.000Z';

export function serviceFixture(
  name: string,
  state: ServiceState,
  given: Partial<ServiceStatus> = {},
): ServiceStatus {
  return {
    name,
    displayName: displayName(name),
    kind: 'server',
    state,
    reason: `is ${state} because of the test`,
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
    ...given,
  };
}

/** The first instance of the main pool, with two sessions. */
export function instanceFixture(given: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    ...serviceFixture('mcp:1', 'ready', { pid: 77, port: 3460, kind: 'mcp_instance' }),
    server: 'mcp',
    sessions: 2,
    inFlight: 1,
    calls: 30,
    ...given,
  };
}

export function sessionFixture(given: Partial<SessionStatus> = {}): SessionStatus {
  return {
    sessionId: 's-1',
    server: 'mcp',
    transport: 'streamable-http',
    instance: 'mcp:1',
    instancePort: 3460,
    clientName: 'claude-code',
    clientVersion: '2.0',
    protocolVersion: '2025-11-25',
    openedAt: noon,
    lastActivityAt: '2026-01-01T12:05:00.000Z',
    calls: 12,
    inFlight: 0,
    streams: 1,
    bytesIn: 1,
    bytesOut: 2,
    moves: 0,
    callsByTool: { plan: 12 },
    errors: 1,
    principal: 'laptop',
    userAgent: 'node',
    workspace: 'w-1',
    roots: ['file:///w'],
    clientPid: 4711,
    clientHint: null,
    ...given,
  };
}

/** Events that are on, with nobody there and nothing said so far. */
export function eventStatsFixture(given: Partial<EventStats> = {}): EventStats {
  return {
    enabled: true,
    subscribers: [],
    published: 0,
    delivered: 0,
    lagged: 0,
    deduplicated: 0,
    rejected: 0,
    replayed: 0,
    gaps: { lagged: 0, expired: 0, unknown: 0 },
    lastId: 0,
    journal: { state: 'off', file: null, events: 0, oldestId: 0, lost: 0, lastError: null },
    sources: [],
    url: 'http://127.0.0.1:3457/supervisor/events',
    ...given,
  };
}

export function snapshotFixture(given: Partial<StatusSnapshot> = {}): StatusSnapshot {
  return {
    version: '1.2.3',
    instanceId: 'abc123',
    pid: 4242,
    startedAt: noon,
    stopping: false,
    config: { path: '/home/me/supervisor.toml', running: 'file', problems: [] },
    mcpUrl: 'http://127.0.0.1:3457/mcp',
    dashboardUrl: null,
    pageUrl: 'http://127.0.0.1:3464/',
    services: [serviceFixture('mcp', 'ready'), serviceFixture('dashboard', 'stopped')],
    instances: [],
    sessions: [],
    clients: [],
    doors: [],
    events: eventStatsFixture(),
    recentEvents: [],
    ...given,
  };
}
