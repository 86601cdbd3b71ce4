/**
 * Ends what nobody uses: sessions whose clients vanished without a word, and instances that the sessions
 * which are left do not need.
 */
import type { PoolBounds } from './bounds.ts';
import type { Instance } from './instance.ts';
import type { Roster } from './roster.ts';
import type { Session, SessionTable } from './sessions.ts';

export interface CaretakerOptions {
  readonly roster: Roster;
  readonly sessions: SessionTable;
  readonly bounds: () => Pick<
    PoolBounds,
    'minInstances' | 'maxSessionsPerInstance' | 'scaleDownAfterMs' | 'sessionIdleMs'
  >;
  readonly closeSession: (sessionId: string) => Promise<boolean>;
  /** Empties an instance and takes it away. */
  readonly retire: (instance: Instance, reason: string) => Promise<void>;
}

/** How often idle sessions and instances are looked for, in ms. */
const carePeriodMs = 5_000;

/**
 * Sessions that are ended at once. An instance that has to end thousands at once answers most of the
 * farewells too late; given up, they leave it with sessions that nobody will end any more.
 */
const farewellsAtOnce = 16;

/** A look that comes so much later than it was meant to tells that the machine slept, in ms. */
const sleepToleranceMs = 2_000;

/** Why a pool that may be empty is. */
export const restReason = 'starts with the next request';

export class Caretaker {
  readonly #options: CaretakerOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Since when there is an instance too many. */
  #spareSince: number | null = null;
  /** Idle sessions are being ended. */
  #isEnding = false;
  #lookedAt = 0;

  constructor(options: CaretakerOptions) {
    this.#options = options;
  }

  /** Without effect when it looks already, or there is nothing to look for. */
  start(): void {
    const { sessionIdleMs, scaleDownAfterMs } = this.#options.bounds();
    const periods = [sessionIdleMs, scaleDownAfterMs].filter((ms) => ms > 0);
    if (periods.length === 0) return;
    const periodMs = Math.min(...periods, carePeriodMs);
    this.#lookedAt = performance.now();
    this.#timer ??= setInterval(() => {
      this.#forgiveSleep(periodMs);
      if (sessionIdleMs > 0) void this.#endIdleSessions();
      if (scaleDownAfterMs > 0) this.#scaleDownWhenIdle();
    }, periodMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#spareSince = null;
  }

  /** A request was placed: where there is one instance only, it is needed from now on as long as any. */
  noteUse(): void {
    if (this.#options.roster.size === 1) this.#spareSince = null;
  }

  /**
   * Time in which we slept (suspended laptop, SIGSTOP) is no idleness: nobody could have been heard. Where
   * the monotonic clock runs on in a sleep, each session would else be ended on waking.
   */
  #forgiveSleep(periodMs: number): void {
    const now = performance.now();
    const sleptMs = now - this.#lookedAt - periodMs;
    this.#lookedAt = now;
    if (sleptMs < sleepToleranceMs) return;
    for (const session of this.#options.sessions.all()) session.forgive(sleptMs);
    if (this.#spareSince !== null) this.#spareSince += sleptMs;
  }

  /** Each session costs an instance memory, and a place (W13). */
  async #endIdleSessions(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    // One for all: each takes the next.
    const left = this.#options.sessions.all().values();
    await Promise.all(Array.from({ length: farewellsAtOnce }, () => this.#endIdleOf(left)));
    this.#isEnding = false;
  }

  async #endIdleOf(left: Iterable<Session>): Promise<void> {
    const { closeSession, bounds } = this.#options;
    for (const { idleMs, opening } of left) {
      // Looked up for each, because all of them take a while.
      const { sessionIdleMs } = bounds();
      if (this.#timer === null || sessionIdleMs === 0) continue;
      if (idleMs > sessionIdleMs) await closeSession(opening.sessionId);
    }
  }

  /** Stops instances that are not needed: where the sessions have room on one fewer, for a while. */
  #scaleDownWhenIdle(): void {
    const { roster, bounds, retire } = this.#options;
    if (this.#isEachNeeded() || roster.all.some((each) => !each.isUp || each.draining)) {
      this.#spareSince = null;
      return;
    }
    this.#spareSince ??= performance.now();
    if (performance.now() - this.#spareSince < bounds().scaleDownAfterMs) return;
    this.#spareSince = null;
    const [emptiest] = roster.all.toSorted((one, other) => this.#load(one) - this.#load(other));
    if (emptiest === undefined) return;
    const isLast = roster.size === 1;
    void retire(emptiest, isLast ? `not needed; ${restReason}` : 'not needed any more');
  }

  #isEachNeeded(): boolean {
    const { roster, sessions, bounds } = this.#options;
    const { minInstances, maxSessionsPerInstance } = bounds();
    const fewer = roster.size - 1;
    if (fewer < minInstances || sessions.size > fewer * maxSessionsPerInstance) return true;
    // Requests without a session need an instance, too; more than one they can share.
    const isUsed = (each: Instance) => each.inFlight + each.opening + each.visits > 0;
    return fewer === 0 && roster.all.some(isUsed);
  }

  #load(instance: Instance): number {
    return this.#options.sessions.countOn(instance) + instance.opening;
  }
}
