/** The numbers of all rounds, and their medians. */
import { median } from '../kit/quantile.ts';
import type { ContestantName } from './options.ts';

/** What was measured: a case (`100 x 256`) and a measure of it. */
export type Measure =
  | 'deliveriesPerCpuSecond'
  | 'deliveriesPerSecond'
  | 'p50Ms'
  | 'p99Ms'
  | 'cpuShare'
  | 'startMib'
  | 'idleKib'
  | 'busyMib'
  | 'grownMib'
  | 'laterReceived'
  | 'laterTold'
  | 'laterUntold'
  | 'lost';

export class Results {
  readonly #values = new Map<string, number[]>();
  /** What went wrong, as sentences. */
  readonly troubles: string[] = [];

  add(contestant: ContestantName, of: string, measure: Measure, value: number): void {
    const key = keyOf(contestant, of, measure);
    const values = this.#values.get(key);
    if (values) values.push(value);
    else this.#values.set(key, [value]);
  }

  /** The median over the rounds; undefined when it was not measured. */
  median(contestant: ContestantName, of: string, measure: Measure): number | undefined {
    const values = this.#values.get(keyOf(contestant, of, measure));
    return values && median(values);
  }

  /** The largest value of all rounds; undefined when it was not measured. */
  most(contestant: ContestantName, of: string, measure: Measure): number | undefined {
    const values = this.#values.get(keyOf(contestant, of, measure));
    return values && Math.max(...values);
  }

  /** Every value of every round. */
  all(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(this.#values);
  }
}

function keyOf(contestant: ContestantName, of: string, measure: Measure): string {
  return `${contestant} | ${of} | ${measure}`;
}

export function burstCase(subscribers: number, burst: number): string {
  return `${subscribers} x ${burst}`;
}

export function rateCase(subscribers: number, perSecond: number): string {
  return `${perSecond}/s x ${subscribers}`;
}

export function stalledCase(stalled: number): string {
  return `${stalled} stalled`;
}

export const memoryCase = 'memory';

export function postCase(subscribers: number, burst: number): string {
  return `POST ${subscribers} x ${burst}`;
}
