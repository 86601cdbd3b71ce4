/** The shapes of replies that are more than a few fields; names and old fields are those of the old system. */
import type { Failover } from './status.ts';

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
  readonly calls_by_tool: Readonly<Record<string, number>>;
  readonly error_count: number;
  readonly in_flight: number;
  readonly streams: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly moves: number;
  readonly principal: string | null;
  readonly user_agent: string | null;
  readonly client_pid: number | null;
  readonly roots: readonly string[];
  readonly server: string;
}

/** One change of a service's state. */
export interface WireTransition {
  readonly service: string;
  readonly old_state: string;
  readonly new_state: string;
  readonly reason: string;
  /** Unix seconds. */
  readonly timestamp: number;
  /** How the process ended, when that changed the state. */
  readonly exit: { readonly code: number | null; readonly signal: string | null } | null;
}

/** An attached window. */
export interface WireClient {
  readonly client_id: string;
  readonly pid: number;
  readonly window_id: string;
  /** Unix seconds. */
  readonly attached_at: number;
  readonly active_session_ids: readonly string[];
  readonly agent: string | null;
  readonly workspace: string | null;
  readonly lease_ms: number | null;
  /** When its lease runs out unless it is renewed, ISO 8601; null where its connection counts. */
  readonly lease_until: string | null;
}

/** The state of everything in one word, and of each service in one. */
export interface HealthReply {
  readonly connection: {
    readonly state: 'connected' | 'disconnected' | 'reconnecting' | 'degraded';
    /** Unix seconds. */
    readonly last_transition_at: number;
    readonly last_error: string | null;
  };
  readonly children: readonly {
    readonly service_name: string;
    /** `running` …, or `error:<why>`. */
    readonly status: string;
    readonly pid: number | null;
    readonly last_health_error: string | null;
    /** Unix seconds. */
    readonly updated_at: number;
  }[];
  readonly health_window_visible: boolean;
}

/** What a form app answered, or how it failed. */
export interface FormAppResponse {
  readonly app_name: string;
  readonly success: boolean;
  readonly response_payload?: unknown;
  readonly error?: string;
  readonly elapsed_ms: number;
  readonly timed_out: boolean;
  /** It waits for `ContinueApp` with this `session_id`. */
  readonly pending_refinement: boolean;
  readonly session_id?: string;
}

/** One thing that was looked at. */
export interface DoctorCheck {
  readonly name: string;
  readonly title: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do; null when nothing needs to be done. */
  readonly cure: string | null;
}

/** How the last hour went. */
export interface TrendsReply {
  /** The time between two samples, in ms; longer where the machine slept. */
  readonly every_ms: number;
  /** Oldest first, at most an hour. */
  readonly samples: readonly TrendSample[];
  /** Newest first, at most twenty. */
  readonly failovers: readonly Failover[];
}

/** One moment, and the time since the sample before. */
export interface TrendSample {
  /** Unix ms. */
  readonly at: number;
  readonly events_per_second: number;
  readonly sessions: number;
  /** Requests of MCP clients that were answered. */
  readonly calls_per_second: number;
  /** Half of the calls took no longer; null where there was none. */
  readonly latency_p50_ms: number | null;
  /** All but one call in a hundred took no longer. */
  readonly latency_p99_ms: number | null;
  /** Restarts since the sample before, of all services. */
  readonly restarts: number;
}
