/**
 * Which service needs which (`depends_on`): what one waits for before it starts, and the reverse order in
 * which all stop. A restart or a stop of one leaves the services that need it running: they are told
 * by their connections, and nobody knows better than they what to do then.
 */
import type { ServiceStatus } from '../../../shared/status.ts';

export interface Needs {
  readonly names: readonly string[];
  /** `started`: its process runs; `ready`: it answers. */
  readonly condition: 'started' | 'ready';
}

/** The services that one needs. */
export interface Needed {
  /** What is waited for, in words; null when nothing is missing. */
  waitsFor(): string | null;
  /** Tells when there may be another answer; returns the way out. */
  onChange(listener: () => void): () => void;
}

/** What is looked at of a service that others need. */
export type NeededStatus = Pick<
  ServiceStatus,
  'name' | 'state' | 'reason' | 'pid' | 'lastError'
> & {
  /** It starts when somebody calls; to wait for it would be to wait for ever. */
  readonly isResting?: boolean;
};

export class Dependencies {
  /** Names in lower case: upper and lower case are the same. */
  #needs: ReadonlyMap<string, Needs>;
  readonly #look: (name: string) => NeededStatus | null;
  readonly #listeners = new Set<() => void>();

  /** `look` knows a service by its name; null for one that is switched off, which nobody waits for. */
  constructor(
    needs: Iterable<readonly [name: string, needs: Needs]>,
    look: (name: string) => NeededStatus | null,
  ) {
    this.#needs = byName(needs);
    this.#look = look;
  }

  /** Others are needed from now on; whoever waits looks again. */
  update(needs: Iterable<readonly [name: string, needs: Needs]>): void {
    this.#needs = byName(needs);
    this.changed();
  }

  /** To be called when a service is in another state. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** What one service needs. */
  of(name: string): Needed {
    return {
      waitsFor: () => this.#waitsFor(name),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  #waitsFor(name: string): string | null {
    const needs = this.#needs.get(name.toLowerCase());
    if (needs === undefined) return null;
    const missing = needs.names
      .map((each) => this.#look(each))
      .filter((status) => status !== null && !isThere(status, needs.condition))
      .map((status) => (status === null ? '' : `${status.name}${trouble(status)}`));
    return missing.length === 0 ? null : `waits for ${missing.join(' and ')}`;
  }

  /** All that need the service, directly or not; in lower case. */
  dependentsOf(name: string): ReadonlySet<string> {
    const found = new Set<string>();
    const visit = (needed: string) => {
      for (const [dependent, { names }] of this.#needs) {
        if (found.has(dependent) || !names.some((each) => each.toLowerCase() === needed)) continue;
        found.add(dependent);
        visit(dependent);
      }
    };
    visit(name.toLowerCase());
    return found;
  }

  /** Stops each after those of them that need it, and otherwise side by side. */
  async stopInOrder(
    names: readonly string[],
    stop: (name: string) => Promise<void>,
  ): Promise<void> {
    const stops = new Map<string, Promise<void>>();
    const all = new Map(names.map((name) => [name.toLowerCase(), name]));
    const stopOf = (key: string): Promise<void> => {
      const known = stops.get(key);
      if (known) return known;
      const dependents = [...this.dependentsOf(key)].filter(
        (each) => each !== key && all.has(each),
      );
      const stopped = Promise.all(dependents.map(stopOf)).then(() => stop(all.get(key) ?? key));
      stops.set(key, stopped);
      return stopped;
    };
    await Promise.all([...all.keys()].map(stopOf));
  }
}

function byName(
  needs: Iterable<readonly [name: string, needs: Needs]>,
): ReadonlyMap<string, Needs> {
  return new Map([...needs].map(([name, each]) => [name.toLowerCase(), each]));
}

function isThere({ state, pid, isResting }: NeededStatus, condition: Needs['condition']): boolean {
  if (isResting === true || state === 'ready') return true;
  return condition === 'started' && pid !== null && (state === 'starting' || state === 'unhealthy');
}

/** Said once and not at every try: an error stays known until the service is ready. */
function trouble({ state, lastError }: NeededStatus): string {
  if (state === 'failed') return ` (failed: ${lastError})`;
  if (lastError !== null) return ` (in trouble: ${lastError})`;
  return state === 'stopped' ? ' (stopped)' : '';
}
