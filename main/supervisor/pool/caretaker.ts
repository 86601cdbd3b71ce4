/**
 * Ends what nobody uses: sessions whose clients vanished without a word, and instances that the sessions
 * which are left do not need.
 */
import type { PoolBounds } from './bounds.ts';
import type { Instance } from './instance.ts';
import type { Roster } from './roster.ts';
import type { SessionTable } from './sessions.ts';

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

/** Why a pool that may be empty is. */
export const restReason = 'starts with the next request';

export class Caretaker {
  readonly #options: CaretakerOptions;
  #timer: NodeJS.Timeout | null = null;
  /** Since when there is an instance too many. */
  #spareSince: number | null = null;

  constructor(options: CaretakerOptions) {
    this.#options = options;
  }

  /** Without effect when it looks already, or there is nothing to look for. */
  start(): void {
    const { sessionIdleMs, scaleDownAfterMs } = this.#options.bounds();
    const periods = [sessionIdleMs, scaleDownAfterMs].filter((ms) => ms > 0);
    if (periods.length === 0) return;
    this.#timer ??= setInterval(
      () => {
        if (sessionIdleMs > 0) this.#endIdleSessions();
        if (scaleDownAfterMs > 0) this.#scaleDownWhenIdle();
      },
      Math.min(...periods, carePeriodMs),
    );
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

  /** Each session costs an instance memory, and a place (W13). */
  #endIdleSessions(): void {
    const { sessions, closeSession, bounds } = this.#options;
    const { sessionIdleMs } = bounds();
    for (const { idleMs, opening } of sessions.all()) {
      if (idleMs > sessionIdleMs) void closeSession(opening.sessionId);
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
    return fewer === 0 && roster.all.some((each) => each.inFlight + each.opening > 0);
  }

  #load(instance: Instance): number {
    return this.#options.sessions.countOn(instance) + instance.opening;
  }
}
