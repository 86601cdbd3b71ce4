/** The numbers of all rounds. */
import { quantile } from '../kit/quantile.ts';
import type { ContestantName } from './options.ts';

/** One measurement of one contestant. */
export interface Numbers {
  readonly callsPerSecond: number;
  /** CPU time of the proxy for a call, in µs; null where there is no proxy. */
  readonly cpuUs: number | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of a core that the load client took: near 1 it was the limit. */
  readonly clientShare: number;
}

export class Results {
  /** By contestant and plan; one a round, so that rounds can be compared with each other. */
  readonly #values = new Map<string, Map<number, Numbers>>();
  /** What went wrong, as sentences. */
  readonly troubles: string[] = [];

  add(contestant: ContestantName, plan: string, round: number, numbers: Numbers): void {
    const key = `${contestant} | ${plan}`;
    const rounds = this.#values.get(key) ?? new Map<number, Numbers>();
    rounds.set(round, numbers);
    this.#values.set(key, rounds);
  }

  /** The median over the rounds; undefined when it was not measured. */
  median(
    contestant: ContestantName,
    plan: string,
    of: (numbers: Numbers) => number | null,
  ): number | undefined {
    return quantile(this.#all(contestant, plan, of), 0.5);
  }

  /**
   * The lower quartile of the CPU time for a call. Others who use the machine can only add to it, by
   * emptying caches; the median of a busy machine says more about them.
   */
  cpuUs(contestant: ContestantName, plan: string): number | undefined {
    return quantile(
      this.#all(contestant, plan, ({ cpuUs }) => cpuUs),
      0.25,
    );
  }

  /** Calls a second compared with the same round's direct ones, the median of that. */
  ratioToDirect(contestant: ContestantName, plan: string): number | undefined {
    const direct = this.#values.get(`direct | ${plan}`);
    const ratios = [...(this.#values.get(`${contestant} | ${plan}`) ?? [])].flatMap(
      ([round, { callsPerSecond }]) => {
        const base = direct?.get(round)?.callsPerSecond;
        return base === undefined ? [] : [callsPerSecond / base];
      },
    );
    return quantile(ratios, 0.5);
  }

  /** Every number of every round. */
  all(): Readonly<Record<string, readonly Numbers[]>> {
    return Object.fromEntries(
      [...this.#values].map(([key, rounds]) => [key, [...rounds.values()]]),
    );
  }

  #all(
    contestant: ContestantName,
    plan: string,
    of: (numbers: Numbers) => number | null,
  ): readonly number[] {
    const rounds = this.#values.get(`${contestant} | ${plan}`);
    return [...(rounds?.values() ?? [])].flatMap((numbers) => of(numbers) ?? []);
  }
}
