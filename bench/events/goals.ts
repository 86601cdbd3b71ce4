/** What the event channel is to reach, and whether it did in this run. */
import type { ContestantName } from './options.ts';
import { type Reference, referenceP50Ms, references } from './reference.ts';
import {
  burstCase,
  type Measure,
  memoryCase,
  type Results,
  rateCase,
  stalledCase,
} from './results.ts';

export interface Verdict {
  readonly goal: string;
  /** What came out; null when it was not measured in this run. */
  readonly value: string | null;
  readonly isMet: boolean | null;
  /** True when it rests on numbers of another run (reference.ts). */
  readonly isEstimate: boolean;
}

interface Bound {
  readonly goal: string;
  readonly value: number | undefined;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly isEstimate?: boolean;
}

export function judge(results: Results): readonly Verdict[] {
  return [...measuredGoals(results), ...tokioGoals(results)].map(verdict);
}

function verdict({ goal, value, unit, atLeast, atMost, isEstimate = false }: Bound): Verdict {
  if (value === undefined) return { goal, value: null, isMet: null, isEstimate };
  const isMet = value >= (atLeast ?? -Infinity) && value <= (atMost ?? Infinity);
  return {
    goal,
    value: `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)}${unit}`,
    isMet,
    isEstimate,
  };
}

function measuredGoals(results: Results): readonly Bound[] {
  const of = burstCase(100, 256);
  const perCpu = (name: ContestantName) => results.median(name, of, 'deliveriesPerCpuSecond');
  const journalShare = divide(perCpu('ours'), perCpu('ours-memory'));
  /** By how much 20 stalled readers change it. */
  const change = (measure: Measure) => {
    const without = results.median('ours', stalledCase(0), measure);
    const stalled = results.median('ours', stalledCase(20), measure);
    return without === undefined || stalled === undefined ? undefined : stalled - without;
  };
  return [
    {
      goal: `${of}, per CPU second: at least 8 times better-sse`,
      value: divide(perCpu('ours'), perCpu('better-sse')),
      unit: ' x',
      atLeast: 8,
    },
    {
      goal: `${of}, per CPU second: the journal costs at most 15 %`,
      value: journalShare === undefined ? undefined : (1 - journalShare) * 100,
      unit: ' %',
      atMost: 15,
    },
    {
      goal: 'an idle subscriber costs at most 28 KiB',
      value: results.median('ours', memoryCase, 'idleKib'),
      unit: ' KiB',
      atMost: 28,
    },
    {
      goal: '20 stalled readers change the p99 of the others by less than 1 ms',
      value: change('p99Ms'),
      unit: ' ms',
      atMost: 1,
    },
    {
      goal: '20 stalled readers take less than 10 MiB',
      value: change('grownMib'),
      unit: ' MiB',
      atMost: 10,
    },
  ];
}

const tokioRatios = [
  [burstCase(100, 256), 2],
  [burstCase(1000, 256), 5],
  [burstCase(100, 16), 1],
  [burstCase(100, 1), 0.9],
  [burstCase(1000, 1), 0.9],
] as const;

function tokioGoals(results: Results): readonly Bound[] {
  const median = (name: ContestantName, of: string, measure: Measure) =>
    results.median(name, of, measure);
  const comparison = (of: string, measure: Measure, reference: Reference | undefined) => {
    const ours = median('ours', of, measure);
    const tokio = median('tokio', of, measure);
    if (tokio !== undefined) return { value: divide(ours, tokio), isEstimate: false };
    const toBetterSse = divide(ours, median('better-sse', of, measure));
    const scale = reference && reference.betterSse / reference.tokio;
    const value = toBetterSse === undefined || !scale ? undefined : toBetterSse * scale;
    return { value, isEstimate: true };
  };
  const latencyCase = rateCase(5, 1000);
  return [
    ...tokioRatios.map(([of, atLeast]) => ({
      goal: `${of}, per CPU second: at least ${atLeast} times tokio`,
      ...comparison(of, 'deliveriesPerCpuSecond', references[of]),
      unit: ' x',
      atLeast,
    })),
    {
      goal: `${latencyCase}: p50 at most 1.6 times tokio's`,
      ...comparison(latencyCase, 'p50Ms', referenceP50Ms),
      unit: ' x',
      atMost: 1.6,
    },
  ];
}

function divide(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || !right ? undefined : left / right;
}
