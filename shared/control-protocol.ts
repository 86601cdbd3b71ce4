/**
 * The control protocol: NDJSON, one JSON object a line each way, the same on every door
 * (socket or pipe, TCP, HTTP `POST /control`). `{"type":"Status"}` in, `{"ok":true,"data":…}` out.
 * An optional `id` is echoed. Every request is declared here once; types, validation and
 * documentation derive from it. Names and replies of the old verbs are those of the old system.
 */
import { z } from 'zod';
import type { ErrorCode } from './errors.ts';
import type { GapReason } from './events.ts';
import type { JournalStatus, StatusSnapshot } from './status.ts';

/** The protocol's version; grows when a field is added, the first number when one would break. */
export const protocolVersion = '2.0';

/** Longest accepted line, in bytes: larger than any sane request, small enough to buffer. */
export const maxLineBytes = 1024 * 1024;

const service = z.string().min(1).describe('Name of a service: mcp, dashboard, mcp:1 …');

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
  StateEvents: z.object({ service, limit: z.number().int().min(1).max(200).optional() }),
  ListMcpInstances: z.object({}),
  ScaleUpMcp: z.object({}).describe('Starts one more MCP instance'),
  UpgradeMcp: z
    .object({})
    .describe(
      'Replaces every MCP instance by a new process, one by one, without breaking a session',
    ),
  ListMcpConnections: z.object({}),
  CloseMcpConnection: z.object({ session_id: z.string().min(1) }),
  SubscribeEvents: z.object({}),
  EventStats: z.object({}),
  EmitTestEvent: z.object({ message: z.string() }),
  SetEventsEnabled: z
    .object({ enabled: z.boolean() })
    .describe('Switches the event channel off or on until the next start'),
  SetHealthWindowVisibility: z.object({ visible: z.boolean() }),
  Snapshot: z.object({}).describe('Everything a view shows, at one moment'),
  ShutdownSupervisor: z.object({}),
} as const;

export type RequestType = keyof typeof requestSchemas;

/** zod infers `Record<string, never>` for no fields, which would forbid `type` too. */
type FieldsOf<Fields> = Fields extends Record<string, never> ? unknown : Fields;

/** A request of one type, with its fields. */
export type RequestOf<Type extends RequestType> = { readonly type: Type } & FieldsOf<
  z.infer<(typeof requestSchemas)[Type]>
>;

export type ControlRequest = { [Type in RequestType]: RequestOf<Type> }[RequestType];

/** The old words for a service's state. */
export type WireStatus =
  | 'running'
  | 'stopped'
  | 'starting'
  | 'stopping'
  | { readonly error: string };

export interface WireService {
  readonly name: string;
  readonly status: WireStatus;
  readonly pid: number | null;
  readonly last_error: string | null;
  /** Unix seconds of the last good probe. */
  readonly last_health: number | null;
}

export interface WireConnection {
  readonly session_id: string;
  readonly transport_type: 'streamable-http' | 'sse';
  readonly connected_at: string;
  readonly last_activity: string | null;
  readonly call_count: number;
  readonly linked_client_id: string | null;
  readonly instance_port: number;
  readonly client_type: string | null;
  readonly workspace_id: string | null;
}

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
  StateEvents: readonly {
    service: string;
    old_state: string;
    new_state: string;
    reason: string;
    timestamp: number;
  }[];
  ListMcpInstances: readonly {
    port: number;
    connection_count: number;
    name: string;
    state: string;
    pid: number | null;
  }[];
  ScaleUpMcp: { scale_up: 'requested' };
  UpgradeMcp: { upgrade: 'initiated'; service: 'mcp' };
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
  EmitTestEvent: { emitted: true; id: number };
  SetEventsEnabled: { enabled: boolean };
  SetHealthWindowVisibility: { health_window_visible: boolean };
  Snapshot: StatusSnapshot;
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
  readonly data: null;
  readonly id?: string | number;
}

export type Reply<Data = unknown> = OkReply<Data> | ErrorReply;
