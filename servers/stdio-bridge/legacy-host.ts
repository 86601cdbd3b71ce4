/** What the front wants of either mode: a server for each session, or one for all of them. */
import type { Exchange } from './exchange.ts';
import type { Flow } from './flow.ts';
import type { NotificationPacket, RequestPacket, ResponsePacket } from './packet.ts';
import type { Session } from './session.ts';

export interface LegacyHost {
  /** How many sessions it can carry. */
  readonly maxSessions: number;
  /** The flow of a new session's streams. */
  flow(): Flow;
  /** Passes `initialize` on; the session is open when the exchange got a result, else `refused` is called. */
  open(packet: RequestPacket, session: Session, exchange: Exchange, refused: () => void): void;
  request(packet: RequestPacket, session: Session, exchange: Exchange): void;
  /** A notification or an answer; false when the server does not take it. */
  tell(packet: NotificationPacket | ResponsePacket, session: Session): boolean;
  /** The session is over. */
  close(session: Session, reason: string): Promise<void>;
  stop(reason: string): Promise<void>;
  /** Calls under way, messages that belonged to nobody, processes: for /health. */
  state(): HostState;
}

export interface HostState {
  readonly calls: number;
  readonly dropped: number;
  readonly processes: readonly number[];
}
