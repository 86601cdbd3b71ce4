/**
 * The control protocol: NDJSON, one JSON object a line each way, the same on every door
 * (socket or pipe, TCP, HTTP `POST /control`). `{"type":"Status"}` in, `{"ok":true,"data":…}` out.
 * An optional `id` is echoed. Every request is declared here once; types, validation and
 * documentation derive from it. Names and replies of the old verbs are those of the old system.
 */
import { z } from 'zod';
import type {
  ConfigApplied,
  ConfigFileReply,
  ConfigPreview,
  ConfigVersionInfo,
} from './config-change.ts';
import type {
  DoctorCheck,
  FormAppResponse,
  HealthReply,
  TrendsReply,
  WireClient,
  WireConnection,
  WireService,
  WireStatus,
  WireTransition,
} from './control-replies.ts';
import type { ErrorCode } from './errors.ts';
import type { GapReason } from './events.ts';
import type {
  ConfigProblem,
  InstanceStatus,
  JournalStatus,
  ProcessEntry,
  ServiceLine,
  ServiceStatus,
  StatusSnapshot,
  SubscriberStatus,
} from './status.ts';

/** The protocol's version; grows when a field is added, the first number when one would break. */
export const protocolVersion = '2.0';

/** Longest accepted line, in bytes: larger than any sane request, small enough to buffer. */
export const maxLineBytes = 1024 * 1024;

const service = z.string().min(1).describe('Name of a service: mcp, dashboard, mcp:1 …');

const mcpService = z
  .string()
  .min(1)
  .optional()
  .describe('Name of an MCP server of [[servers]]; by default mcp, the main pool');

/** What a watch can tell of. */
const watchTopics = ['state', 'snapshot', 'events', 'logs'] as const;

export type WatchTopic = (typeof watchTopics)[number];

const formPayload = z.unknown().describe('Any JSON: the app gets it as one line on standard input');

const timeoutSeconds = z
  .number()
  .min(0.1)
  .max(86_400)
  .optional()
  .describe('How long the app may take; by default its timeout_seconds in the configuration');

const configText = z.string().describe('The whole file, exactly as it shall be written');

/** Every request, by its `type`. */
export const requestSchemas = {
  WhoAmI: z.object({
    request_id: z.string().optional(),
    client: z.string().optional(),
    client_version: z.string().optional(),
  }),
  Status: z.object({}),
  ServiceHealth: z.object({ service }),
  Start: z.object({ service }),
  Stop: z.object({ service }),
  Restart: z.object({ service }),
  ListServices: z.object({}).describe('Every service and MCP instance, as a snapshot has them'),
  StateEvents: z.object({ service, limit: z.number().int().min(1).max(200).optional() }),
  HealthSnapshot: z.object({}),
  SetBackend: z
    .object({ backend: z.enum(['node', 'container']) })
    .describe(
      'Runs the MCP instances as processes or in containers, until the next start; each is replaced without breaking a session',
    ),
  ListClients: z.object({}).describe('The windows that are attached'),
  AttachClient: z
    .object({
      pid: z.number().int().min(0),
      window_id: z.string().min(1).max(1_000),
      agent: z.string().min(1).max(200).optional().describe('The agent that works in the window'),
      workspace: z.string().min(1).max(1_000).optional().describe('The folder or id it works in'),
      lease_ms: z
        .number()
        .int()
        .min(100)
        .max(86_400_000)
        .optional()
        .describe(
          'Stay attached so long after the last request of the connection or with the `client_id`. Without it: until the connection ends',
        ),
    })
    .describe(
      'Tells of a window. The same `window_id` again is the same client. Its MCP sessions are those whose headers name it (`x-client-id`: its `client_id` or `window_id`; `x-client-pid`: its process), or that come from its agent in its workspace',
    ),
  DetachClient: z.object({ client_id: z.string().min(1) }),
  Logs: z
    .object({
      service,
      lines: z.number().int().min(1).max(10_000).optional(),
      since: z.number().int().min(1).optional().describe('The `next` of the reply before'),
    })
    .describe(
      'What a service printed: the newest lines (200 unless told), or with `since` the oldest ones from that number on. `dropped` counts lines that are kept no longer. Follow by asking with `next`.',
    ),
  ProcessTree: z.object({ service }).describe('The processes of a service, the leader first'),
  Watch: z
    .object({
      topics: z.array(z.enum(watchTopics)).min(1).optional().describe('By default state, snapshot'),
      service: z
        .string()
        .min(1)
        .optional()
        .describe('For state: only of this service. For logs, required: whose output'),
    })
    .describe(
      'After the reply, tells on the same connection what happens: `{"type":"watch","id":…,"topic":"…","data":…}`, with the `id` of this request. A client that reads slowly gets the newest snapshot only, and `dropped` says how many other lines it missed. Not over `POST /control`: there is `GET /control/watch`',
    ),
  Unwatch: z.object({}).describe('Ends every watch of this connection'),
  ListMcpInstances: z.object({}),
  ScaleUpMcp: z.object({ service: mcpService }).describe('Starts one more MCP instance'),
  UpgradeMcp: z
    .object({ service: mcpService })
    .describe(
      'Replaces every MCP instance by a new process, one by one, without breaking a session',
    ),
  ListMcpConnections: z.object({}),
  CloseMcpConnection: z.object({ session_id: z.string().min(1) }),
  SubscribeEvents: z.object({}),
  EventStats: z.object({}),
  ListSubscribers: z.object({}).describe('Who listens to events'),
  EmitTestEvent: z.object({ message: z.string() }),
  PublishEvent: z
    .object({
      event: z
        .record(z.string(), z.unknown())
        .describe('With `event_type` as on the event stream, or `type` and `data` as a webhook'),
      source: z
        .string()
        .regex(/^[\w.:-]{1,64}$/, 'may contain letters, digits and "._:-"')
        .optional()
        .describe('Who tells it; shown as `control:<source>`'),
    })
    .describe('Publishes an event; one whose id is known already is a duplicate and told no more'),
  SetEventsEnabled: z
    .object({ enabled: z.boolean() })
    .describe('Switches the event channel off or on until the next start'),
  SetHealthWindowVisibility: z.object({ visible: z.boolean() }),
  LaunchApp: z
    .object({
      app_name: z.string().min(1),
      payload: formPayload,
      timeout_seconds: timeoutSeconds,
    })
    .describe('Starts a form app of [[form_apps]] and waits for its answer'),
  ContinueApp: z
    .object({
      session_id: z.string().min(1),
      payload: formPayload,
      timeout_seconds: timeoutSeconds,
    })
    .describe('Sends one more line to an app that asked for it (`pending_refinement`)'),
  SetDashboardVariant: z
    .object({ variant: z.string().min(1) })
    .describe('Of the old system, which had two dashboards; answers `unsupported`'),
  McpRuntimeExec: z.object({}).describe('Of an experiment of the old system; `unsupported`'),
  SetMcpRuntimePolicy: z.object({}).describe('Of an experiment of the old system; `unsupported`'),
  Trends: z
    .object({})
    .describe(
      'How the last hour went, a sample every ten seconds, oldest first; and the last sessions that were moved to another instance, newest first',
    ),
  Doctor: z.object({}).describe('Looks for what may be wrong, and says how to cure it'),
  GetConfig: z
    .object({})
    .describe('The configuration file as it is on disk, and how it stands to what runs'),
  ValidateConfig: z
    .object({ text: configText })
    .describe('What is wrong with a configuration, and what saving it would do'),
  SaveConfig: z
    .object({
      text: configText,
      base_hash: z
        .string()
        .describe('The `hash` of the file that was edited; another one on disk is not overwritten'),
    })
    .describe(
      'Writes the configuration file and applies it. `config_invalid` names the `problems` in `data`, `config_conflict` tells that somebody else changed the file; then nothing is written',
    ),
  ReloadConfig: z.object({}).describe('Reads the configuration file anew and applies it'),
  ConfigHistory: z.object({}).describe('The last ten versions of the file, the newest first'),
  ConfigVersion: z
    .object({ id: z.string().min(1).max(100) })
    .describe('One of these versions. To restore it is to save its text'),
  ConfigSchema: z.object({}).describe('The JSON Schema of the configuration, for editors'),
  Snapshot: z.object({}).describe('Everything a view shows, at one moment'),
  ShutdownSupervisor: z.object({}),
  Authenticate: z
    .object({ token: z.string() })
    .describe(
      'Must come first over TCP while [auth] control_tcp_token is on, and always before GetConfig, SaveConfig and ConfigVersion',
    ),
} as const;

export type RequestType = keyof typeof requestSchemas;

/** zod infers `Record<string, never>` for no fields, which would forbid `type` too. */
type FieldsOf<Fields> = Fields extends Record<string, never> ? unknown : Fields;

/** A request of one type, with its fields. */
export type RequestOf<Type extends RequestType> = { readonly type: Type } & FieldsOf<
  z.infer<(typeof requestSchemas)[Type]>
>;

export type ControlRequest = { [Type in RequestType]: RequestOf<Type> }[RequestType];

/** What `data` holds in a successful reply, by request type. */
export interface ReplyData {
  WhoAmI: {
    message: string;
    client: string | null;
    client_version: string | null;
    request_id?: string;
    server_name: 'project-memory-supervisor';
    server_version: string;
    instance_id: string;
    protocol_version: string;
    pid: number;
    mode: 'desktop' | 'headless';
    capabilities: readonly string[];
    page_url: string | null;
  };
  Status: readonly WireService[];
  ServiceHealth: {
    service: string;
    name: string;
    state: WireStatus;
    last_health: number | null;
    last_error: string | null;
    backend: string;
  };
  Start: { service: string; status: 'starting' };
  Stop: { service: string; status: 'stopping' };
  Restart: { service: string; status: 'starting' };
  ListServices: readonly (ServiceStatus | InstanceStatus)[];
  StateEvents: readonly WireTransition[];
  HealthSnapshot: HealthReply;
  SetBackend: { active_backend: 'node' | 'container' };
  ListClients: readonly WireClient[];
  AttachClient: { client_id: string; lease_ms: number | null };
  DetachClient: { client_id: string; detached: true };
  Logs: {
    service: string;
    lines: readonly ServiceLine[];
    next: number;
    dropped: number;
    file: string | null;
    problem: string | null;
  };
  ProcessTree: readonly ProcessEntry[];
  Watch: { watching: true; topics: readonly WatchTopic[] };
  Unwatch: { watching: false };
  ListMcpInstances: readonly {
    port: number;
    connection_count: number;
    name: string;
    state: string;
    pid: number | null;
    server: string;
  }[];
  ScaleUpMcp: { scale_up: 'requested' };
  UpgradeMcp: { upgrade: 'initiated'; service: string };
  ListMcpConnections: readonly WireConnection[];
  CloseMcpConnection: { closed: true; session_id: string };
  SubscribeEvents: { events_url: string | null; note: string };
  EventStats: {
    enabled: boolean;
    subscriber_count: number;
    events_emitted: number;
    events_url: string;
    lagged: number;
    deduplicated: number;
    delivered: number;
    replayed: number;
    gaps: Readonly<Record<GapReason, number>>;
    journal: JournalStatus;
    last_id: number;
  };
  ListSubscribers: readonly SubscriberStatus[];
  EmitTestEvent: { emitted: true; id: number };
  PublishEvent: { id: number | null; duplicate: boolean };
  SetEventsEnabled: { enabled: boolean };
  SetHealthWindowVisibility: { health_window_visible: boolean };
  LaunchApp: FormAppResponse;
  ContinueApp: FormAppResponse;
  SetDashboardVariant: never;
  McpRuntimeExec: never;
  SetMcpRuntimePolicy: never;
  Trends: TrendsReply;
  Doctor: { checks: readonly DoctorCheck[] };
  GetConfig: ConfigFileReply;
  ValidateConfig: {
    valid: boolean;
    problems: readonly ConfigProblem[];
    preview: ConfigPreview;
  };
  SaveConfig: { path: string; hash: string; applied: ConfigApplied };
  ReloadConfig: { hash: string; applied: ConfigApplied };
  ConfigHistory: { versions: readonly ConfigVersionInfo[] };
  ConfigVersion: { id: string; at: string; text: string };
  ConfigSchema: { schema: object };
  Snapshot: StatusSnapshot;
  Authenticate: { authenticated: true };
  ShutdownSupervisor: { shutdown: 'requested' };
}

export interface OkReply<Data = unknown> {
  readonly ok: true;
  readonly data: Data;
  readonly id?: string | number;
}

export interface ErrorReply {
  readonly ok: false;
  readonly error: string;
  readonly code: ErrorCode;
  /** Null but for `LaunchApp` and `ContinueApp`, which tell how far the app came. */
  readonly data: unknown;
  readonly id?: string | number;
}

export type Reply<Data = unknown> = OkReply<Data> | ErrorReply;

/** A line of a `Watch`, between replies. */
export interface WatchLine {
  readonly type: 'watch';
  readonly id?: string | number;
  readonly topic: WatchTopic;
  readonly data: unknown;
  /** Lines of this topic that were left out before this one, because the client read too slowly. */
  readonly dropped?: number;
}
