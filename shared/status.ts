/**
 * What the supervisor knows about itself, as plain data: the tray, the page, the command line and
 * the control verbs all show this and nothing else, so they cannot disagree.
 */
import type { GapReason, StampedEvent } from './events.ts';

/**
 * The life of a service: stopped → starting → ready → (unhealthy) → stopping → stopped, and after a
 * crash backing_off or crash_loop; `failed` waits for a person because trying again cannot help.
 */
export const serviceStates = [
  'stopped',
  'starting',
  'ready',
  'unhealthy',
  'stopping',
  'backing_off',
  'crash_loop',
  'failed',
] as const;

export type ServiceState = (typeof serviceStates)[number];

export type ServiceKind =
  | 'mcp_pool'
  | 'mcp_instance'
  | 'dashboard'
  | 'interactive_terminal'
  | 'fallback_api'
  | 'server';

export interface LastExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** ISO 8601. */
  readonly at: string;
}

export interface ServiceStatus {
  /** The name in the protocol and on the command line: `mcp`, `dashboard`, `mcp:3460`, `search`. */
  readonly name: string;
  readonly displayName: string;
  readonly kind: ServiceKind;
  readonly state: ServiceState;
  /** Why it is in this state, in words. */
  readonly reason: string;
  /** Since when it is in this state, ISO 8601. */
  readonly since: string;
  readonly pid: number | null;
  readonly port: number | null;
  readonly url: string | null;
  /** Restarts since the supervisor started, those by hand included. */
  readonly restarts: number;
  readonly lastExit: LastExit | null;
  /** When the next try is due, ISO 8601; null unless backing_off or crash_loop. */
  readonly nextRetryAt: string | null;
  /** When a probe last succeeded, ISO 8601. */
  readonly lastHealthyAt: string | null;
  readonly lastError: string | null;
  /** Runs only when asked for, so that being stopped is fine. */
  readonly onDemand: boolean;
}

/** One MCP server process of the pool. */
export interface InstanceStatus extends ServiceStatus {
  readonly sessions: number;
  readonly inFlight: number;
  readonly calls: number;
}

/** One MCP session of one client. */
export interface SessionStatus {
  readonly sessionId: string;
  readonly transport: 'streamable-http' | 'sse';
  /** Where it is at home; null while it moves to another instance. */
  readonly instance: string | null;
  readonly instancePort: number;
  readonly clientName: string | null;
  readonly clientVersion: string | null;
  readonly protocolVersion: string | null;
  /** ISO 8601. */
  readonly openedAt: string;
  readonly lastActivityAt: string;
  readonly calls: number;
  readonly inFlight: number;
  readonly streams: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** How often another instance took it over. */
  readonly moves: number;
}

export interface SubscriberStatus {
  readonly id: number;
  readonly address: string;
  readonly userAgent: string | null;
  readonly label: string | null;
  /** ISO 8601. */
  readonly since: string;
  readonly filter: string | null;
  readonly lastId: number;
  readonly sent: number;
  readonly bytes: number;
  readonly lagged: number;
  /** Bytes that its socket has not taken yet. */
  readonly backlog: number;
}

/** The events on disk. */
export interface JournalStatus {
  /** `troubled`: the disk does not take events now, it is tried again; `failed`: not before the next start. */
  readonly state: 'on' | 'troubled' | 'failed' | 'off';
  readonly file: string | null;
  readonly events: number;
  readonly oldestId: number;
  /** Events that the disk did not take. */
  readonly lost: number;
  readonly lastError: string | null;
}

export interface SourceStatus {
  readonly name: string;
  readonly kind: 'stream' | 'webhook' | 'control';
  readonly state: 'connected' | 'connecting' | 'waiting' | 'idle';
  readonly url: string | null;
  readonly received: number;
  /** Events in the last full minute. */
  readonly perMinute: number;
  readonly lastEventAt: string | null;
  readonly lastError: string | null;
  /** When the next try is due, ISO 8601; null unless waiting. */
  readonly nextRetryAt: string | null;
}

export interface EventStats {
  readonly enabled: boolean;
  readonly subscribers: readonly SubscriberStatus[];
  /** Events that entered the channel since the supervisor started. */
  readonly published: number;
  /** Frames handed to subscribers. */
  readonly delivered: number;
  /** Events that slow subscribers were made to skip. */
  readonly lagged: number;
  readonly deduplicated: number;
  readonly rejected: number;
  readonly replayed: number;
  /** Gaps that subscribers were told of, by reason. */
  readonly gaps: Readonly<Record<GapReason, number>>;
  readonly lastId: number;
  readonly journal: JournalStatus;
  readonly sources: readonly SourceStatus[];
  readonly url: string;
}

/** One finding about the configuration file; line and column count from 1. */
export interface ConfigProblem {
  readonly severity: 'error' | 'warning' | 'notice';
  readonly message: string;
  readonly line: number;
  readonly column: number;
  /** Where the range ends; the column is exclusive. */
  readonly endLine: number;
  readonly endColumn: number;
  /** Dotted path of the key, e.g. `mcp.pool.max_instances`; empty for a syntax error. */
  readonly path: string;
}

export interface ConfigStatus {
  readonly path: string;
  /** `file`: what the file says; `last_good`: the file is broken, an earlier one runs; `none`: nothing usable. */
  readonly running: 'file' | 'last_good' | 'none';
  readonly problems: readonly ConfigProblem[];
}

/** The overall health, told by shape and colour in the tray. */
export type Health = 'healthy' | 'busy' | 'degraded' | 'failed';

/** Everything a view needs, at one moment. */
export interface StatusSnapshot {
  readonly version: string;
  readonly instanceId: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly stopping: boolean;
  readonly config: ConfigStatus;
  /** The URL that MCP clients use; null while the gateway is off. */
  readonly mcpUrl: string | null;
  readonly dashboardUrl: string | null;
  /** The status page without its token. */
  readonly pageUrl: string | null;
  readonly services: readonly ServiceStatus[];
  readonly instances: readonly InstanceStatus[];
  readonly sessions: readonly SessionStatus[];
  readonly events: EventStats;
  /** The newest events, oldest first; bounded. */
  readonly recentEvents: readonly StampedEvent[];
}

/** One entry of a service's history. */
export interface StateTransition {
  readonly service: string;
  readonly from: ServiceState;
  readonly to: ServiceState;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}
