/**
 * Who talks to which instance. The table is the gateway's own count, kept at every request, so that a
 * burst of new sessions spreads at once instead of following a poll (old weakness W12). A session has an
 * id of the gateway's, which its client knows, and one of the instance where it is at home; so it can
 * move, and the client notices nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../../shared/errors.ts';
import type { SessionStatus } from '../../../shared/status.ts';
import type { Instance } from './instance.ts';
import { RootsRecord } from './roots-record.ts';
import { ServerRequests } from './server-requests.ts';
import { SessionFacts } from './session-facts.ts';

/** What a client said when it opened the session: all that another instance needs to take it over. */
export interface SessionOpening {
  /** The id that the client knows. */
  readonly sessionId: string;
  readonly clientName: string | null;
  readonly clientVersion: string | null;
  readonly protocolVersion: string | null;
  readonly transport: SessionStatus['transport'];
  /** Who opened it, and alone may use it; null where nobody is asked. */
  readonly principal: string | null;
  /** The workspace that its headers name. */
  readonly workspace: string | null;
  readonly userAgent: string | null;
  /** The client's process, if it says so. */
  readonly clientPid: number | null;
  /** The attached window that it names, by its `client_id` or `window_id`. */
  readonly clientHint: string | null;
  /** The `initialize` request as it came, and its headers. */
  readonly initialize: Buffer;
  readonly headers: readonly string[];
}

/** A message of the client's. */
export interface Said {
  readonly body: Buffer;
  readonly headers: readonly string[];
}

/** Where a session lives. */
export interface Home {
  readonly instance: Instance;
  /** The instance's own id of the session; null when it mints none. */
  readonly upstreamId: string | null;
}

/** A timer cannot be set for longer, in ms. */
const maxTimerMs = 2 ** 31 - 1;

/** Which sessions are at home where: asked for at every placement, so it is kept and not counted each time. */
class Residents {
  readonly #on = new WeakMap<Instance, Set<Session>>();

  on(instance: Instance): ReadonlySet<Session> {
    return this.#on.get(instance) ?? nobody;
  }

  moved(session: Session, from: Home | null, to: Home | null): void {
    if (from !== null) this.#on.get(from.instance)?.delete(session);
    if (to === null) return;
    const there = this.#on.get(to.instance);
    if (there) there.add(session);
    else this.#on.set(to.instance, new Set([session]));
  }
}

const nobody: ReadonlySet<Session> = new Set();

/** One legacy MCP session (MCP 2025-03-26 … 2025-11-25); counters are the gateway's to change. */
export class Session {
  readonly opening: SessionOpening;
  readonly openedAt = new Date();
  #activeAtWall = Date.now();
  #activeAt = performance.now();
  calls = 0;
  inFlight = 0;
  streams = 0;
  bytesIn = 0;
  bytesOut = 0;
  moves = 0;
  readonly facts = new SessionFacts();
  /** What its server has asked the client. */
  readonly serverRequests = new ServerRequests();
  readonly roots = new RootsRecord();
  /** Called when another instance has taken it over. */
  onMove: () => void = () => {};
  /** What the client said since, that another instance must be told too; by what it replaces. */
  readonly toRepeat = new Map<string, Said>();
  readonly #residents: Residents;
  #home: Home | null = null;
  #left = new AbortController();
  #arrival = Promise.withResolvers<void>();
  #ended = false;

  constructor(opening: SessionOpening, home: Home, residents: Residents) {
    this.opening = opening;
    this.#residents = residents;
    this.#settle(home);
  }

  /** Its client was heard of, or was told something. */
  touch(): void {
    this.#activeAtWall = Date.now();
    this.#activeAt = performance.now();
  }

  /** So many ms of those since it was last active do not count. */
  forgive(ms: number): void {
    this.#activeAt = Math.min(performance.now(), this.#activeAt + ms);
  }

  /** How long nothing has happened, in ms; 0 while a call or a stream is open. */
  get idleMs(): number {
    return this.inFlight > 0 || this.streams > 0 ? 0 : performance.now() - this.#activeAt;
  }

  /** Null while it moves. */
  get home(): Home | null {
    return this.#home;
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Aborts when the session leaves the home that it has now. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  /**
   * Its home, as soon as it has one; throws `session_not_found` or, after `waitMs`, `instance_unavailable`.
   * Aborting `signal` ends the waiting.
   */
  async atHome(waitMs: number, signal: AbortSignal): Promise<Home> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      if (this.#ended) throw unknownSession();
      if (this.#home) return this.#home;
      const restMs = deadline - performance.now();
      if (restMs <= 0) {
        throw new CodedError(
          'instance_unavailable',
          'The MCP server is being restarted and is not back yet. The session goes on; call again.',
        );
      }
      const wait = delay(Math.min(restMs, maxTimerMs), undefined, { ref: false, signal });
      await Promise.race([this.#arrival.promise, wait]);
    }
  }

  /** It is on its way to another home; whoever asks for its home waits. */
  leave(): void {
    this.#settle(null);
    this.serverRequests.abandon();
    this.#arrival = Promise.withResolvers();
    this.#left.abort();
  }

  arrive(home: Home): void {
    this.#left = new AbortController();
    this.#settle(home);
    this.moves += 1;
    this.roots.moved();
    this.#arrival.resolve();
    this.onMove();
  }

  end(): void {
    this.#ended = true;
    this.#residents.moved(this, this.#home, null);
    this.#left.abort();
    this.#arrival.resolve();
  }

  #settle(home: Home | null): void {
    // One that has ended lives nowhere, whatever is still under way for it.
    if (!this.#ended) this.#residents.moved(this, this.#home, home);
    this.#home = home;
  }

  /** All but the name of the pool, which knows it. */
  status(): Omit<SessionStatus, 'server'> {
    const { sessionId, transport, clientName, clientVersion, protocolVersion } = this.opening;
    const { principal, workspace, userAgent, clientPid, clientHint } = this.opening;
    const { callsByTool, errors, roots } = this.facts;
    return {
      sessionId,
      transport,
      instance: this.#home?.instance.name ?? null,
      instancePort: this.#home?.instance.service.port ?? 0,
      clientName,
      clientVersion,
      protocolVersion,
      openedAt: this.openedAt.toISOString(),
      lastActivityAt: new Date(this.#activeAtWall).toISOString(),
      calls: this.calls,
      inFlight: this.inFlight,
      streams: this.streams,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      moves: this.moves,
      callsByTool,
      errors,
      principal,
      userAgent,
      workspace: workspace ?? roots[0] ?? null,
      roots,
      clientPid,
      clientHint,
    };
  }
}

/** The one answer that makes clients initialize again (MCP 2025-11-25 transports, L5). */
function unknownSession(): CodedError {
  return new CodedError('session_not_found', 'Session not found. Please initialize again.');
}

/**
 * More sessions than any developer's clients open, few enough to hold. At the bound the session that
 * has been idle longest is forgotten; its client gets the 404 that tells it to initialize again.
 */
const maxSessions = 10_000;

export class SessionTable {
  readonly #sessions = new Map<string, Session>();
  readonly #residents = new Residents();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#sessions.size;
  }

  open(opening: SessionOpening, home: Home): Session {
    this.close(opening.sessionId);
    if (this.#sessions.size >= maxSessions) this.#forgetIdlest();
    const session = new Session(opening, home, this.#residents);
    this.#sessions.set(opening.sessionId, session);
    this.#onChange();
    return session;
  }

  get(sessionId: string): Session | undefined {
    return this.#sessions.get(sessionId);
  }

  /**
   * The session of this client; throws `session_not_found`. That somebody else has a session of this id
   * is nobody's business: it is unknown to all but the one who opened it.
   */
  require(sessionId: string, principal: string | null): Session {
    const session = this.find(sessionId, principal);
    if (session === undefined) throw unknownSession();
    return session;
  }

  /** Like `require`; undefined where that throws. */
  find(sessionId: string, principal: string | null): Session | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.opening.principal === principal ? session : undefined;
  }

  /** False when there was no such session. */
  close(sessionId: string): boolean {
    const session = this.#sessions.get(sessionId);
    if (session === undefined) return false;
    this.#sessions.delete(sessionId);
    session.end();
    this.#onChange();
    return true;
  }

  /** The sessions that are at home on an instance. */
  on(instance: Instance): readonly Session[] {
    return [...this.#residents.on(instance)];
  }

  countOn(instance: Instance): number {
    return this.#residents.on(instance).size;
  }

  all(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  #forgetIdlest(): void {
    let idlest: Session | undefined;
    for (const session of this.#sessions.values()) {
      if (session.idleMs > (idlest?.idleMs ?? 0)) idlest = session;
    }
    if (idlest) this.close(idlest.opening.sessionId);
  }
}
