/**
 * Who talks to which instance. The table is the gateway's own count, kept at every request, so that a
 * burst of new sessions spreads at once instead of following a poll (old weakness W12).
 */
import type { SessionStatus } from '../../../shared/status.ts';

export interface SessionOpening {
  readonly sessionId: string;
  /** Name of the instance that minted the id. */
  readonly instance: string;
  readonly clientName: string | null;
  readonly clientVersion: string | null;
  readonly protocolVersion: string | null;
}

/** One legacy MCP session (MCP 2025-03-26 … 2025-11-25); counters are the gateway's to change. */
export class Session {
  readonly opening: SessionOpening;
  readonly openedAt = new Date();
  lastActivityAt = new Date();
  calls = 0;
  inFlight = 0;
  streams = 0;
  bytesIn = 0;
  bytesOut = 0;

  constructor(opening: SessionOpening) {
    this.opening = opening;
  }

  status(instancePort: number): SessionStatus {
    return {
      sessionId: this.opening.sessionId,
      transport: 'streamable-http',
      instance: this.opening.instance,
      instancePort,
      clientName: this.opening.clientName,
      clientVersion: this.opening.clientVersion,
      protocolVersion: this.opening.protocolVersion,
      openedAt: this.openedAt.toISOString(),
      lastActivityAt: this.lastActivityAt.toISOString(),
      calls: this.calls,
      inFlight: this.inFlight,
      streams: this.streams,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
    };
  }
}

/**
 * More sessions than any developer's clients open, few enough to hold. At the bound the session that
 * has been idle longest is forgotten; its client gets the 404 that tells it to initialize again.
 */
const maxSessions = 10_000;

export class SessionTable {
  readonly #sessions = new Map<string, Session>();
  readonly #counts = new Map<string, number>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#sessions.size;
  }

  open(opening: SessionOpening): Session {
    this.close(opening.sessionId);
    if (this.#sessions.size >= maxSessions) this.#forgetIdlest();
    const session = new Session(opening);
    this.#sessions.set(opening.sessionId, session);
    this.#count(opening.instance, 1);
    this.#onChange();
    return session;
  }

  get(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  /** False when there was no such session. */
  close(sessionId: string): boolean {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return false;
    this.#sessions.delete(sessionId);
    this.#count(session.opening.instance, -1);
    this.#onChange();
    return true;
  }

  /** Forgets the sessions of an instance that is gone; tells how many there were. */
  closeAllOf(instance: string): number {
    const lost = [...this.#sessions.values()].filter((each) => each.opening.instance === instance);
    for (const session of lost) this.close(session.opening.sessionId);
    return lost.length;
  }

  countOf(instance: string): number {
    return this.#counts.get(instance) ?? 0;
  }

  all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  #count(instance: string, change: number): void {
    this.#counts.set(instance, this.countOf(instance) + change);
  }

  #forgetIdlest(): void {
    let idlest: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (session.inFlight > 0 || session.streams > 0) continue;
      if (idlest === undefined || session.lastActivityAt < idlest.lastActivityAt) idlest = session;
    }
    if (idlest) this.close(idlest.opening.sessionId);
  }
}
