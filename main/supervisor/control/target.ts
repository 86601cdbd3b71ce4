/** What the commands need of the running supervisor. */
import type { ReplyData, RequestOf } from '../../../shared/control-protocol.ts';
import type { FormAppResponse } from '../../../shared/control-replies.ts';
import type { StampedEvent } from '../../../shared/events.ts';
import type { ClientStatus, StateTransition, StatusSnapshot } from '../../../shared/status.ts';
import type { CallerConnection } from './caller.ts';
import type { ConfigDesk } from './config-commands.ts';
import type { WatchSources } from './watches.ts';

/** Which lines of its output somebody wants: the newest, or the oldest from a number on. */
export interface LogsQuery {
  readonly lines: number;
  readonly since: number | undefined;
}

/** What an event that a client told became. */
export interface Published {
  /** Null for a duplicate. */
  readonly event: StampedEvent | null;
}

/** The attached windows. */
export interface ClientDesk {
  /** Without a lease it stays as long as the connection; throws `bad_request` when there is neither. */
  attach(window: RequestOf<'AttachClient'>, connection: CallerConnection | null): ClientStatus;
  /** False when nobody of that id is attached. */
  detach(clientId: string): boolean;
  list(): readonly ClientStatus[];
}

export interface ControlTarget {
  readonly mode: 'desktop' | 'headless';
  readonly config: ConfigDesk;
  readonly clients: ClientDesk;
  readonly watching: WatchSources;
  snapshot(): StatusSnapshot;
  /** Somebody looks at what the services use: it is measured for a while. */
  glance(): void;
  /** Each begins the work and returns; throws `unknown_service`. */
  startService(name: string): void;
  stopService(name: string): void;
  restartService(name: string): void;
  history(name: string): readonly StateTransition[];
  /** What a service printed; throws `unknown_service`. */
  logs(name: string, query: LogsQuery): ReplyData['Logs'];
  /** The processes of a service now; throws `unknown_service`. */
  processTree(name: string): Promise<ReplyData['ProcessTree']>;
  /** How the MCP instances run. */
  readonly backend: 'node' | 'container';
  /** Begins to replace all instances by such; throws `unsupported` where there is no such backend. */
  setBackend(backend: 'node' | 'container'): Promise<void>;
  /** Resolves when one more MCP instance is ready; throws `at_capacity`, `unknown_service`. */
  scaleUp(pool: string): Promise<void>;
  /** Begins a rolling upgrade of the MCP instances; throws `unknown_service`. */
  upgrade(pool: string): void;
  /** False when there is no such session. */
  closeSession(sessionId: string): Promise<boolean>;
  /** Throws `events_disabled`. */
  emitTestEvent(message: string): StampedEvent;
  /** Throws `events_disabled`, `bad_request`, `too_large`. */
  publishEvent(event: object, source: string): Published;
  /** Until the next start; the configuration is not changed. */
  setEventsEnabled(enabled: boolean): void;
  /** Throws `not_found`, `at_capacity`; any other failure is in the answer. */
  launchApp(name: string, payload: unknown, timeoutMs: number | null): Promise<FormAppResponse>;
  /** Throws `session_not_found`; any other failure is in the answer. */
  continueApp(id: string, payload: unknown, timeoutMs: number | null): Promise<FormAppResponse>;
  trends(): ReplyData['Trends'];
  doctor(): Promise<ReplyData['Doctor']['checks']>;
  /** What was last asked for, by a request. */
  readonly isWindowWanted: boolean;
  setWindowVisible(visible: boolean): void;
  shutDown(): void;
}
