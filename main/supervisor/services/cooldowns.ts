/**
 * Pauses that a service which keeps failing imposes on others: on those that need it, because they would
 * only fail with it, and on all, because a machine in trouble needs rest. They hold restarts that come
 * by themselves; what a person starts, starts.
 */

/** Pauses that services impose on each other. */
export interface SharedCooldown {
  /** It failed so many times in a row. */
  failed(failures: number): void;
  /** For how long no restart of this service may come by itself, in ms. */
  remainingMs(): number;
}

export interface CooldownSettings {
  /** From this failure in a row on; 0 switches the pauses off. */
  readonly afterAttempts: number;
  readonly dependencyGroupMs: number;
  readonly globalMs: number;
}

export class Cooldowns {
  readonly #settings: CooldownSettings;
  readonly #dependentsOf: (name: string) => ReadonlySet<string>;
  /** Monotonic ms, by name in lower case. */
  readonly #until = new Map<string, number>();
  #allUntil = 0;

  constructor(settings: CooldownSettings, dependentsOf: (name: string) => ReadonlySet<string>) {
    this.#settings = settings;
    this.#dependentsOf = dependentsOf;
  }

  /** The part of one service in it. */
  of(name: string): SharedCooldown {
    return {
      failed: (failures) => this.#failed(name, failures),
      remainingMs: () => {
        const until = Math.max(this.#allUntil, this.#until.get(name.toLowerCase()) ?? 0);
        return Math.max(0, until - performance.now());
      },
    };
  }

  #failed(name: string, failures: number): void {
    const { afterAttempts, dependencyGroupMs, globalMs } = this.#settings;
    if (afterAttempts === 0 || failures < afterAttempts) return;
    const now = performance.now();
    this.#allUntil = Math.max(this.#allUntil, now + globalMs);
    for (const dependent of this.#dependentsOf(name)) {
      this.#until.set(dependent, now + dependencyGroupMs);
    }
  }
}
