/**
 * What is worth a notification: found by comparing each snapshot with the one before, so that only what
 * really changed is said, and nothing about the state at the start. A service that fails again and
 * again is said once, until it has run; and of many things at once only the first few, because a
 * wall of notifications is switched off for ever. Pure: no clock, no Electron.
 */
import type { ServiceState, StatusSnapshot } from '../../shared/status.ts';
import { stateWord } from '../../shared/wording.ts';

export interface Notice {
  readonly title: string;
  readonly body: string;
}

type Facts = Pick<StatusSnapshot, 'services' | 'config' | 'sessions' | 'stopping'>;

/** The same thing is said again only after this time: a service may fail and recover in turn. */
const repeatAfterMs = 5 * 60_000;
/** More in one minute than this many nobody reads. */
const perMinute = 4;

/** Remembers what was seen and said. */
export class Notices {
  #before: Facts;
  /** Services whose failure was said, and which have not run since. */
  readonly #failed = new Set<string>();
  /** When something was last said, by what it is about. */
  readonly #saidAtMs = new Map<string, number>();
  #recentMs: readonly number[] = [];

  /** `first` is how things are; only what changes from there is told. */
  constructor(first: Facts) {
    this.#before = first;
  }

  /** What to say now that things are so, at `nowMs` of a monotonic clock. */
  next(snapshot: Facts, nowMs: number): readonly Notice[] {
    const before = this.#before;
    this.#before = snapshot;
    if (snapshot.stopping) return []; // Everything ends because somebody wants it.
    return [
      ...this.#services(before, snapshot, nowMs),
      ...this.#config(before, snapshot, nowMs),
      ...this.#sessions(before, snapshot, nowMs),
    ];
  }

  #services(before: Facts, { services }: Facts, nowMs: number): Notice[] {
    const states = new Map(before.services.map(({ name, state }) => [name, state]));
    const names = new Set(services.map(({ name }) => name));
    for (const name of this.#failed) if (!names.has(name)) this.#failed.delete(name);
    return services.flatMap(({ name, displayName, state, reason }) => {
      const was = states.get(name);
      if (was === undefined || was === state) return [];
      if (hasGivenUp(state) && !this.#failed.has(name)) {
        if (!this.#maySay(`service ${name}`, nowMs)) return [];
        this.#failed.add(name);
        return [{ title: `${displayName}: ${stateWord(state).toLowerCase()}`, body: reason }];
      }
      // A recovery answers the failure that was said, so it needs no leave of its own.
      if (state === 'ready' && this.#failed.delete(name)) {
        return [{ title: `${displayName} runs again`, body: 'It has recovered.' }];
      }
      return [];
    });
  }

  #config({ config: before }: Facts, { config }: Facts, nowMs: number): Notice[] {
    const error = config.problems.find(({ severity }) => severity === 'error');
    const hadError = before.problems.some(({ severity }) => severity === 'error');
    if (error === undefined || hadError || !this.#maySay('config', nowMs)) return [];
    const body = `Line ${error.line}: ${error.message}`;
    return [{ title: 'The configuration has errors; what ran goes on', body }];
  }

  #sessions(before: Facts, { sessions }: Facts, nowMs: number): Notice[] {
    const moves = new Map(before.sessions.map((each) => [each.sessionId, each.moves]));
    const moved = sessions.filter((each) => each.moves > (moves.get(each.sessionId) ?? each.moves));
    const [first] = moved;
    if (first === undefined || !this.#maySay('sessions', nowMs)) return [];
    const who = first.clientName ?? 'A client';
    const title =
      moved.length === 1 ? 'A session has moved' : `${moved.length} sessions have moved`;
    const others = moved.length === 1 ? 'goes' : `and ${moved.length - 1} more go`;
    return [{ title, body: `${who} ${others} on with another instance.` }];
  }

  #maySay(topic: string, nowMs: number): boolean {
    const last = this.#saidAtMs.get(topic);
    this.#recentMs = this.#recentMs.filter((each) => nowMs - each < 60_000);
    if (last !== undefined && nowMs - last < repeatAfterMs) return false;
    if (this.#recentMs.length >= perMinute) return false;
    // Services come and go with the configuration; what is too old to matter is forgotten.
    for (const [each, at] of this.#saidAtMs) {
      if (nowMs - at >= repeatAfterMs) this.#saidAtMs.delete(each);
    }
    this.#saidAtMs.set(topic, nowMs);
    this.#recentMs = [...this.#recentMs, nowMs];
    return true;
  }
}

function hasGivenUp(state: ServiceState): boolean {
  return state === 'failed' || state === 'crash_loop';
}
