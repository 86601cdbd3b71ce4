/**
 * What each request does. Old verbs answer in the old shapes (`shared/control-protocol.ts`); none is a
 * stub (old weakness W19). Everything that is only asked comes from the same snapshot that tray and
 * page show, so no two answers disagree (old weakness W21).
 */

import {
  protocolVersion,
  type ReplyData,
  type RequestOf,
  requestSchemas,
  type WatchTopic,
} from '../../../shared/control-protocol.ts';
import type { FormAppResponse } from '../../../shared/control-replies.ts';
import { CodedError } from '../../../shared/errors.ts';
import type { CallerConnection } from './caller.ts';
import { configCommands } from './config-commands.ts';
import { FailureWithData, type Handlers } from './dispatcher.ts';
import type { ControlTarget } from './target.ts';
import { Watches } from './watches.ts';
import {
  eventStats,
  healthReply,
  wireClient,
  wireConnection,
  wireService,
  wireTransition,
} from './wire.ts';

/** Lines of output that are told unless the request says how many. */
const usualLines = 200;

/** What a watch tells of unless the request says otherwise. */
const usualTopics: readonly WatchTopic[] = ['state', 'snapshot'];

/** The pool behind `/mcp`: what the verbs about MCP mean unless they name another one. */
const mainPool = 'mcp';

/** Old clients say "terminal". */
function serviceName(name: string): string {
  return name === 'terminal' ? 'interactive_terminal' : name;
}

export function createCommands(target: ControlTarget): Handlers {
  return {
    ...serviceCommands(target),
    ...mcpCommands(target),
    ...eventCommands(target),
    ...clientCommands(target),
    ...appCommands(target),
    ...configCommands(target.config),
    WhoAmI: (request) => whoAmI(target, request),
    HealthSnapshot: () => healthReply(target.snapshot(), target.isWindowWanted),
    SetHealthWindowVisibility: ({ visible }) => setWindowVisible(target, visible),
    Snapshot: () => {
      target.glance();
      return target.snapshot();
    },
    Trends: () => target.trends(),
    Doctor: async () => ({ checks: await target.doctor() }),
    // Where the door asks for a token, it has been checked before the request comes here.
    Authenticate: () => ({ authenticated: true }),
    ShutdownSupervisor: () => {
      target.shutDown();
      return { shutdown: 'requested' };
    },
  };
}

function serviceCommands(target: ControlTarget) {
  return {
    Status: () =>
      target
        .snapshot()
        .services.map(wireService)
        .sort((one, other) => (one.name < other.name ? -1 : 1)),
    ListServices: () => {
      target.glance();
      const { services, instances } = target.snapshot();
      return [...services, ...instances];
    },
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
      target.history(serviceName(service)).slice(-limit).map(wireTransition),
    Logs: ({ service, lines = usualLines, since }) =>
      target.logs(serviceName(service), { lines, since }),
    ProcessTree: ({ service }) => target.processTree(serviceName(service)),
    SetDashboardVariant: ({ variant }) => {
      throw new CodedError(
        'unsupported',
        `There is one dashboard here and no variant "${variant.slice(0, 60)}". Run another one with [dashboard] command in supervisor.toml.`,
      );
    },
  } satisfies Partial<Handlers>;
}

function mcpCommands(target: ControlTarget) {
  return {
    ListMcpInstances: () =>
      target.snapshot().instances.map(({ port, sessions, name, state, pid, server }) => ({
        port: port ?? 0,
        connection_count: sessions,
        name,
        state,
        pid,
        server,
      })),
    ScaleUpMcp: async ({ service = mainPool }) => {
      await target.scaleUp(service);
      return { scale_up: 'requested' };
    },
    UpgradeMcp: ({ service = mainPool }) => {
      target.upgrade(service);
      return { upgrade: 'initiated', service };
    },
    SetBackend: async ({ backend }) => {
      await target.setBackend(backend);
      return { active_backend: target.backend };
    },
    ListMcpConnections: () => {
      const { sessions, clients } = target.snapshot();
      return sessions.map((session) => wireConnection(session, clients));
    },
    CloseMcpConnection: async ({ session_id }) => {
      if (!(await target.closeSession(session_id))) {
        throw new CodedError('session_not_found', `session not found: ${session_id}`);
      }
      return { closed: true, session_id };
    },
    McpRuntimeExec: () => refuseRuntime(),
    SetMcpRuntimePolicy: () => refuseRuntime(),
  } satisfies Partial<Handlers>;
}

function refuseRuntime(): never {
  throw new CodedError(
    'unsupported',
    'The native MCP runtime was an experiment of the old supervisor. Call tools through the gateway at /mcp.',
  );
}

function eventCommands(target: ControlTarget) {
  return {
    SubscribeEvents: () => {
      const { events } = target.snapshot();
      const note = 'GET as text/event-stream; send Last-Event-ID to replay what was missed.';
      return { events_url: events.enabled ? events.url : null, note };
    },
    EventStats: () => eventStats(target.snapshot()),
    ListSubscribers: () => target.snapshot().events.subscribers,
    EmitTestEvent: ({ message }) => ({ emitted: true, id: target.emitTestEvent(message).id }),
    PublishEvent: ({ event, source }) => {
      const from = source === undefined ? 'control' : `control:${source}`;
      const published = target.publishEvent(event, from);
      return { id: published.event?.id ?? null, duplicate: published.event === null };
    },
    SetEventsEnabled: ({ enabled }) => {
      target.setEventsEnabled(enabled);
      return { enabled };
    },
  } satisfies Partial<Handlers>;
}

function clientCommands({ clients, watching }: ControlTarget) {
  const watches = new Watches(watching);
  return {
    ListClients: () => clients.list().map(wireClient),
    AttachClient: (request, { connection }) => {
      const { clientId, leaseMs } = clients.attach(request, connection);
      return { client_id: clientId, lease_ms: leaseMs };
    },
    DetachClient: ({ client_id }) => {
      if (!clients.detach(client_id)) {
        throw new CodedError('client_not_found', `client not found: ${client_id.slice(0, 80)}`);
      }
      return { client_id, detached: true };
    },
    Watch: ({ id, topics = usualTopics, service = null }, { connection }) => {
      watches.begin(required(connection, 'Watch'), {
        ...(id !== undefined && { id }),
        topics,
        service: service === null ? null : serviceName(service),
      });
      return { watching: true, topics };
    },
    Unwatch: (_request, { connection }) => {
      watches.end(required(connection, 'Unwatch'));
      return { watching: false };
    },
  } satisfies Partial<Handlers>;
}

function required(connection: CallerConnection | null, type: string): CallerConnection {
  if (connection !== null) return connection;
  throw new CodedError(
    'unsupported',
    `${type} needs a connection that stays: the socket or TCP. Over HTTP there is GET /control/watch.`,
  );
}

function appCommands(target: ControlTarget) {
  const timeoutOf = (seconds: number | undefined) =>
    seconds === undefined ? null : seconds * 1_000;
  return {
    LaunchApp: async ({ app_name, payload, timeout_seconds }) =>
      answerOf(await target.launchApp(app_name, payload, timeoutOf(timeout_seconds))),
    ContinueApp: async ({ session_id, payload, timeout_seconds }) =>
      answerOf(await target.continueApp(session_id, payload, timeoutOf(timeout_seconds))),
  } satisfies Partial<Handlers>;
}

/** As in the old system, a failure has its data beside the error. */
function answerOf(response: FormAppResponse): FormAppResponse {
  if (response.success) return response;
  const code = response.timed_out ? 'timed_out' : 'app_failed';
  throw new FailureWithData(code, response.error ?? `${response.app_name} failed`, response);
}

function whoAmI(target: ControlTarget, request: RequestOf<'WhoAmI'>): ReplyData['WhoAmI'] {
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
  const isMain = wanted === mainPool || wanted.startsWith(`${mainPool}:`);
  const backend = isMain ? target.backend : 'node';
  return { service, name: service, state: status, last_health, last_error, backend };
}
