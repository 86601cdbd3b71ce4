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

/** What a process and all that it started use of the machine. Null: not known, or not on this system. */
export interface ProcessUsage {
  /** 100 is one processor. */
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
  readonly processes: number | null;
  /** When the process that leads them began, ISO 8601. */
  readonly startedAt: string | null;
}

/** What the supervisor itself uses. */
export interface SelfUsage {
  /** 100 is one processor. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  /** How late one turn of the event loop in a hundred was, in ms. */
  readonly eventLoopDelayMs: number | null;
}

/** One process of a service. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** Its command line, shortened, without secrets. */
  readonly command: string;
  readonly rssBytes: number;
  readonly cpuPercent: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** A line that a service printed, or a mark between two of them. */
export interface ServiceLine {
  /** Grows by one from line to line while the supervisor runs. */
  readonly seq: number;
  /** Unix ms. */
  readonly at: number;
  readonly stream: 'stdout' | 'stderr' | 'mark';
  readonly text: string;
  /** The line was too long: it goes on in the next one. */
  readonly continues?: true;
}

/** The numbers of `ProcessUsage` are in snapshots, and null there unless somebody looks. */
export interface ServiceStatus extends Partial<ProcessUsage> {
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
  /** The file with its output, in snapshots; null when none is written. */
  readonly outputFile?: string | null;
  /** Why its output is not written to the file now; null while it is. */
  readonly outputProblem?: string | null;
  /** How it is asked whether it is well; null before its first start, absent where nothing is asked. */
  readonly probe?: ProbeStatus | null;
  /** What is run; null before its first start, absent where no program is (a pool: its instances have one each). */
  readonly program?: ProgramStatus | null;
  /** Of a pool whose instances are being replaced, or were not all replaced; else null or absent. */
  readonly upgrade?: UpgradeStatus | null;
}

/** What is run for a service. */
export interface ProgramStatus {
  readonly command: string;
  /** Without secrets, as far as these can be told by name or form; long ones are cut. */
  readonly args: readonly string[];
  /** Null: the supervisor's own. */
  readonly workingDir: string | null;
  /** The names of the environment variables that are set for it; never a value, nor what it inherits as it is. */
  readonly variables: readonly string[];
}

/** How a service is asked whether it is well. */
export interface ProbeStatus {
  /** What makes it ready: `GET http://127.0.0.1:3460/health`; null: that its process runs. */
  readonly ready: string | null;
  /** What is asked while it runs; null: nothing, it lives as long as its process. */
  readonly alive: string | null;
  /** Between two questions. */
  readonly periodMs: number;
  /** An answer must come within this. */
  readonly timeoutMs: number;
  /** After so many missed answers in a row it is given up. */
  readonly threshold: number;
  /** It must be ready so soon after its start. */
  readonly startTimeoutMs: number;
}

/** How far a rolling upgrade has come. */
export interface UpgradeStatus {
  readonly total: number;
  readonly done: number;
  /** Why it ended early; the instances that were not replaced go on. Null while it runs. */
  readonly failed: string | null;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** One MCP server process of a pool. */
export interface InstanceStatus extends ServiceStatus {
  /** The name of its pool: `mcp`, or that of the `[[servers]]` block. */
  readonly server: string;
  readonly sessions: number;
  readonly inFlight: number;
  readonly calls: number;
}

/** One MCP session of one client. */
export interface SessionStatus {
  readonly sessionId: string;
  /** The name of the pool that serves it. */
  readonly server: string;
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
  /** The calls of each tool; beyond a bound the further tools are one, `other`. */
  readonly callsByTool: Readonly<Record<string, number>>;
  /** Calls that ended with an error, of JSON-RPC or of the tool. */
  readonly errors: number;
  /** Who opened it, as the token says; null where none is asked for. */
  readonly principal: string | null;
  readonly userAgent: string | null;
  /** Where its client works: what its headers name, else its first root. */
  readonly workspace: string | null;
  /** The folders and files that its client told the server; URIs. */
  readonly roots: readonly string[];
  /** The client's process, if it said so in a header. */
  readonly clientPid: number | null;
  /** The `client_id` or `window_id` of the attached window it belongs to, if it said so in a header. */
  readonly clientHint: string | null;
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
  /** Without name, password and query, which may be secrets. */
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

/** What is wrong with the configuration file, at one place; line and column count from 1. */
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
  /** SHA-256 of the file's bytes, in hex: another one, and it was changed; empty while there is none. */
  readonly hash?: string;
  /** Keys whose values in the file count from the next start of the supervisor on. */
  readonly restartNeeded?: readonly string[];
}

/** A way in for control requests, or the status page. */
export interface DoorStatus {
  readonly name: 'socket' | 'tcp' | 'page';
  /** Path of the socket or pipe, or `127.0.0.1:45470`. */
  readonly address: string;
  readonly state: 'open' | 'closed' | 'waiting' | 'off';
  /** Why it could not be opened; null while it is open or off. */
  readonly error: string | null;
  /** When it is tried again, ISO 8601; null unless waiting. */
  readonly nextRetryAt: string | null;
}

/** A session that another instance took over. */
export interface Failover {
  /** Counts up from 1. */
  readonly id: number;
  /** ISO 8601. */
  readonly at: string;
  /** The name of its pool. */
  readonly pool: string;
  readonly clientName: string | null;
  /** The instance that serves it since; null where it ended at once. */
  readonly to: string | null;
}

/** A window of an editor or agent that said it is there. */
export interface ClientStatus {
  readonly clientId: string;
  readonly windowId: string;
  readonly pid: number;
  readonly agent: string | null;
  readonly workspace: string | null;
  /** ISO 8601. */
  readonly attachedAt: string;
  readonly leaseMs: number | null;
  /** When its lease runs out unless it is renewed, ISO 8601; null where its connection counts. */
  readonly leaseUntil: string | null;
  /** Its MCP sessions. */
  readonly sessionIds: readonly string[];
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
  /** What the supervisor itself uses; null or absent while nobody looks. */
  readonly self?: SelfUsage | null;
  readonly services: readonly ServiceStatus[];
  readonly instances: readonly InstanceStatus[];
  readonly sessions: readonly SessionStatus[];
  /** The attached windows. */
  readonly clients: readonly ClientStatus[];
  /** The ways in for control requests. */
  readonly doors: readonly DoorStatus[];
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
  /** How the process ended, when that is what changed the state. */
  readonly exit?: LastExit;
}
