/** What the supervisor knows in the words and shapes of the old protocol. */
import { assertNever } from '../../../shared/assert-never.ts';
import type { ReplyData } from '../../../shared/control-protocol.ts';
import type {
  HealthReply,
  WireClient,
  WireConnection,
  WireService,
  WireStatus,
  WireTransition,
} from '../../../shared/control-replies.ts';
import type {
  ClientStatus,
  ServiceStatus,
  SessionStatus,
  StateTransition,
  StatusSnapshot,
} from '../../../shared/status.ts';

export function wireService(service: ServiceStatus): WireService {
  return {
    name: service.name,
    status: wireStatus(service),
    pid: service.pid,
    last_error: service.lastError,
    last_health: service.lastHealthyAt === null ? null : unixSeconds(service.lastHealthyAt),
  };
}

function wireStatus({ state, reason }: Pick<ServiceStatus, 'state' | 'reason'>): WireStatus {
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

export function wireTransition(transition: StateTransition): WireTransition {
  const { service, from, to, reason, at, exit } = transition;
  return {
    service,
    old_state: from,
    new_state: to,
    reason,
    timestamp: unixSeconds(at),
    exit: exit === undefined ? null : { code: exit.code, signal: exit.signal },
  };
}

/** `clients` says which window each session belongs to. */
export function wireConnection(
  session: SessionStatus,
  clients: readonly ClientStatus[],
): WireConnection {
  const client = clients.find(({ sessionIds }) => sessionIds.includes(session.sessionId));
  return {
    session_id: session.sessionId,
    transport_type: session.transport,
    connected_at: session.openedAt,
    last_activity: session.lastActivityAt,
    call_count: session.calls,
    linked_client_id: client?.clientId ?? null,
    instance_port: session.instancePort,
    client_type: session.clientName,
    workspace_id: session.workspace,
    calls_by_tool: session.callsByTool,
    error_count: session.errors,
    in_flight: session.inFlight,
    streams: session.streams,
    bytes_in: session.bytesIn,
    bytes_out: session.bytesOut,
    moves: session.moves,
    principal: session.principal,
    user_agent: session.userAgent,
    client_pid: session.clientPid,
    roots: session.roots,
    server: session.server,
  };
}

export function wireClient(client: ClientStatus): WireClient {
  return {
    client_id: client.clientId,
    pid: client.pid,
    window_id: client.windowId,
    attached_at: unixSeconds(client.attachedAt),
    active_session_ids: client.sessionIds,
    agent: client.agent,
    workspace: client.workspace,
    lease_ms: client.leaseMs,
    lease_until: client.leaseUntil,
  };
}

export function eventStats({ events }: StatusSnapshot): ReplyData['EventStats'] {
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

/**
 * One word for all services. The old rule, freed of its two mistakes (old weakness W21): a service that
 * rests because nobody needs it spoils nothing, and an error that is over is over.
 */
export function healthReply(snapshot: StatusSnapshot, isWindowVisible: boolean): HealthReply {
  const { services, startedAt } = snapshot;
  const failing = services.filter((service) => typeof wireStatus(service) === 'object');
  const newest = services.reduce((best, { since }) => (since > best ? since : best), startedAt);
  return {
    connection: {
      state: connectionState(services),
      last_transition_at: unixSeconds(newest),
      last_error: failing[0] === undefined ? null : `${failing[0].name}: ${failing[0].reason}`,
    },
    children: services.map((service) => {
      const status = wireStatus(service);
      const isFailing = typeof status === 'object';
      return {
        service_name: service.name,
        status: isFailing ? `error:${status.error}` : status,
        pid: service.pid,
        last_health_error: isFailing ? status.error : null,
        updated_at: unixSeconds(service.since),
      };
    }),
    health_window_visible: isWindowVisible,
  };
}

function connectionState(services: readonly ServiceStatus[]): HealthReply['connection']['state'] {
  const states = services
    .filter(({ state, onDemand }) => !(onDemand && state === 'stopped'))
    .map(wireStatus);
  if (states.some((state) => typeof state === 'object')) return 'degraded';
  if (states.some((state) => state === 'starting' || state === 'stopping')) return 'reconnecting';
  if (states.every((state) => state === 'stopped')) return 'disconnected';
  return states.every((state) => state === 'running') ? 'connected' : 'degraded';
}

function unixSeconds(iso: string): number {
  return Math.floor(Date.parse(iso) / 1000);
}
