/** The sessions of the legacy era, by id: opened, looked up, ended, and reaped when nobody uses them. */
import { randomUUID } from 'node:crypto';
import type { Exchange } from './exchange.ts';
import type { LegacyHost } from './legacy-host.ts';
import type { RequestPacket } from './packet.ts';
import { Session } from './session.ts';

export interface SessionsOptions {
  readonly host: LegacyHost;
  readonly now: () => number;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get isFull(): boolean {
    return this.#sessions.size >= this.#options.host.maxSessions;
  }

  find(id: string | undefined): Session | undefined {
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  /** Opens a session; it is gone again when the server refuses or the client does not wait for its id. */
  open(packet: RequestPacket, exchange: Exchange, session: Session): void {
    this.#sessions.set(session.id, session);
    exchange.sessionId = session.id;
    exchange.onGone(() => void this.end(session, 'its client left before it was open'));
    const { host } = this.#options;
    host.open(packet, session, exchange, () => void this.end(session, 'it was not opened'));
  }

  /** A session that is not known by its id yet. */
  create(packet: RequestPacket): Session {
    const { host, now } = this.#options;
    return new Session(randomUUID(), packet, host.flow(), now);
  }

  /** From now on its id is unknown; resolves when what it held is gone. */
  async end(session: Session, reason: string): Promise<void> {
    if (!this.forget(session)) return;
    await this.#options.host.close(session, reason);
  }

  /** Like `end` for a session whose server is gone already; false when it was forgotten before. */
  forget(session: Session): boolean {
    if (!this.#sessions.delete(session.id)) return false;
    session.stream.end();
    return true;
  }

  /** Ends what was idle for so long. */
  async reap(idleMs: number): Promise<void> {
    const idle = [...this.#sessions.values()].filter((session) => session.idleMs >= idleMs);
    await Promise.all(idle.map((session) => this.end(session, 'it was idle')));
  }
}
