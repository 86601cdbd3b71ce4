/**
 * What each request does. Old verbs answer in the old shapes (`shared/control-protocol.ts`); none is a
 * stub (old weakness W19). Everything that is only asked comes from the same snapshot that tray and
 * page show, so no two answers disagree (old weakness W21).
 */

import { assertNever } from '../../../shared/assert-never.ts';
import {
  protocolVersion,
  type ReplyData,
  requestSchemas,
  type WireService,
  type WireStatus,
} from '../../../shared/control-protocol.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { StampedEvent } from '../../../shared/events.ts';
import type {
  ServiceStatus,
  SessionStatus,
  StateTransition,
  StatusSnapshot,
} from '../../../shared/status.ts';
import type { Handlers } from './dispatcher.ts';

/** What the commands need of the running supervisor. */
export interface ControlTarget {
  readonly mode: 'desktop' | 'headless';
  snapshot(): StatusSnapshot;
  /** Each begins the work and returns; throws `unknown_service`. */
  startService(name: string): void;
  stopService(name: string): void;
  restartService(name: string): void;
  history(name: string): readonly StateTransition[];
  /** Resolves when one more MCP instance is ready; throws `at_capacity`, `unknown_service`. */
  scaleUp(): Promise<void>;
  /** Begins a rolling upgrade of the MCP instances; throws `unknown_service`. */
  upgrade(): void;
  /** False when there is no such session. */
  closeSession(sessionId: string): Promise<boolean>;
  /** Throws `events_disabled`. */
  emitTestEvent(message: string): StampedEvent;
  /** Until the next start; the configuration is not changed. */
  setEventsEnabled(enabled: boolean): void;
  setWindowVisible(visible: boolean): void;
  shutDown(): void;
}

/** Old clients say "terminal". */
function serviceName(name: string): string {
  return name === 'terminal' ? 'interactive_terminal' : name;
}

export function createCommands(target: ControlTarget): Handlers {
  return {
    WhoAmI: (request) => whoAmI(target, request),
    Status: () => target.snapshot().services.map(wireService).sort(byName),
    ServiceHealth: ({ service }) => serviceHealth(target, serviceName(service)),
    Start: ({ service }) => {
      target.startService(serviceName(service));
      return { service, status: 'starting' };
    },
    Stop: ({ service }) => {
      target.stopService(serviceName(service));
      return { service, status: 'stopping' };
    },
    Restart: ({ service }) => {
      target.restartService(serviceName(service));
      return { service, status: 'starting' };
    },
    StateEvents: ({ service, limit = 50 }) =>
      target
        .history(serviceName(service))
        .slice(-limit)
        .map(({ service: name, from, to, reason, at }) => ({
          service: name,
          old_state: from,
          new_state: to,
          reason,
          timestamp: unixSeconds(at),
        })),
    ListMcpInstances: () =>
      target.snapshot().instances.map(({ port, sessions, name, state, pid }) => ({
        port: port ?? 0,
        connection_count: sessions,
        name,
        state,
        pid,
      })),
    ScaleUpMcp: async () => {
      await target.scaleUp();
      return { scale_up: 'requested' };
    },
    UpgradeMcp: () => {
      target.upgrade();
      return { upgrade: 'initiated', service: 'mcp' };
    },
    ListMcpConnections: () => target.snapshot().sessions.map(wireConnection),
    CloseMcpConnection: async ({ session_id }) => {
      if (!(await target.closeSession(session_id))) {
        throw new CodedError('session_not_found', `session not found: ${session_id}`);
      }
      return { closed: true, session_id };
    },
    SubscribeEvents: () => {
      const { events } = target.snapshot();
      const note = 'GET as text/event-stream; send Last-Event-ID to replay what was missed.';
      return { events_url: events.enabled ? events.url : null, note };
    },
    EventStats: () => eventStats(target.snapshot()),
    EmitTestEvent: ({ message }) => ({ emitted: true, id: target.emitTestEvent(message).id }),
    SetEventsEnabled: ({ enabled }) => {
      target.setEventsEnabled(enabled);
      return { enabled };
    },
    SetHealthWindowVisibility: ({ visible }) => setWindowVisible(target, visible),
    Snapshot: () => target.snapshot(),
    ShutdownSupervisor: () => {
      target.shutDown();
      return { shutdown: 'requested' };
    },
  };
}

function whoAmI(
  target: ControlTarget,
  request: {
    request_id?: string | undefined;
    client?: string | undefined;
    client_version?: string | undefined;
  },
): ReplyData['WhoAmI'] {
  const { version, instanceId, pid, pageUrl } = target.snapshot();
  return {
    message: 'WhoAmI received',
    client: request.client ?? null,
    client_version: request.client_version ?? null,
    ...(request.request_id !== undefined && { request_id: request.request_id }),
    server_name: 'project-memory-supervisor',
    server_version: version,
    instance_id: instanceId,
    protocol_version: protocolVersion,
    pid,
    mode: target.mode,
    capabilities: Object.keys(requestSchemas),
    page_url: pageUrl,
  };
}

function setWindowVisible(
  target: ControlTarget,
  visible: boolean,
): ReplyData['SetHealthWindowVisibility'] {
  if (visible && target.mode === 'headless') {
    const { pageUrl } = target.snapshot();
    const cure = pageUrl === null ? '' : ` The status page is at ${pageUrl}`;
    throw new CodedError('unsupported', `Without a desktop there is no window.${cure}`);
  }
  target.setWindowVisible(visible);
  return { health_window_visible: visible };
}

function serviceHealth(target: ControlTarget, name: string): ReplyData['ServiceHealth'] {
  const { services, instances } = target.snapshot();
  const wanted = name.toLowerCase();
  const found = [...services, ...instances].find((each) => each.name.toLowerCase() === wanted);
  if (!found) throw new CodedError('unknown_service', `unknown service: ${name.slice(0, 80)}`);
  const { name: service, status, last_health, last_error } = wireService(found);
  return { service, name: service, state: status, last_health, last_error, backend: 'node' };
}

function wireService(service: ServiceStatus): WireService {
  return {
    name: service.name,
    status: wireStatus(service),
    pid: service.pid,
    last_error: service.lastError,
    last_health: service.lastHealthyAt === null ? null : unixSeconds(service.lastHealthyAt),
  };
}

function wireStatus({ state, reason }: ServiceStatus): WireStatus {
  switch (state) {
    case 'ready':
      return 'running';
    case 'stopped':
    case 'starting':
    case 'stopping':
      return state;
    case 'unhealthy':
    case 'backing_off':
    case 'crash_loop':
    case 'failed':
      return { error: reason };
    default:
      return assertNever(state);
  }
}

function wireConnection(session: SessionStatus): ReplyData['ListMcpConnections'][number] {
  return {
    session_id: session.sessionId,
    transport_type: session.transport,
    connected_at: session.openedAt,
    last_activity: session.lastActivityAt,
    call_count: session.calls,
    linked_client_id: null,
    instance_port: session.instancePort,
    client_type: session.clientName,
    workspace_id: null,
  };
}

function eventStats({ events }: StatusSnapshot): ReplyData['EventStats'] {
  return {
    enabled: events.enabled,
    subscriber_count: events.subscribers.length,
    events_emitted: events.published,
    events_url: events.url,
    lagged: events.lagged,
    deduplicated: events.deduplicated,
    delivered: events.delivered,
    replayed: events.replayed,
    gaps: events.gaps,
    journal: events.journal,
    last_id: events.lastId,
  };
}

function unixSeconds(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}

function byName(one: WireService, other: WireService): number {
  return one.name < other.name ? -1 : 1;
}
