/** What one run was, from what was read of its process; and what several say together. */
import { median } from '../kit/quantile.ts';

/** What a case may take at most. */
export interface Goals {
  readonly readyMs?: number;
  readonly residentMib?: number;
  readonly idlePercent?: number;
}

/** A look at a process that runs. */
export interface Reading {
  /** By the monotonic clock, in ms. */
  readonly atMs: number;
  /** Of all its threads so far, in s. */
  readonly cpuSeconds: number;
  readonly residentKib: number;
}

/** The looks at one run. */
export interface Readings {
  /** When the process was started, by the same clock, in ms. */
  readonly startMs: number;
  readonly ready: Reading;
  readonly idleBegin: Reading;
  readonly idleEnd: Reading;
}

export interface Sample {
  /** From the start of the process until everything that is configured is ready. */
  readonly readyMs: number;
  /** Processor time of the supervisor itself by then. */
  readonly startCpuMs: number;
  /** Of the supervisor itself, when the start is over. */
  readonly residentMib: number;
  /** Share of one core, of the supervisor itself. */
  readonly idlePercent: number;
}

export function sampleOf({ startMs, ready, idleBegin, idleEnd }: Readings): Sample {
  const idleCpuMs = (idleEnd.cpuSeconds - idleBegin.cpuSeconds) * 1_000;
  return {
    readyMs: ready.atMs - startMs,
    startCpuMs: ready.cpuSeconds * 1_000,
    residentMib: idleEnd.residentKib / 1_024,
    idlePercent: (idleCpuMs / (idleEnd.atMs - idleBegin.atMs)) * 100,
  };
}

interface Row {
  readonly title: string;
  readonly of: (sample: Sample) => number;
  readonly goal: (goals: Goals) => number | undefined;
  readonly unit: string;
}

const rows: readonly Row[] = [
  { title: 'ready after', of: (s) => s.readyMs, goal: (g) => g.readyMs, unit: 'ms' },
  { title: 'CPU by then', of: (s) => s.startCpuMs, goal: () => undefined, unit: 'ms' },
  { title: 'resident memory', of: (s) => s.residentMib, goal: (g) => g.residentMib, unit: 'MiB' },
  { title: 'idle CPU', of: (s) => s.idlePercent, goal: (g) => g.idlePercent, unit: '%' },
];

/** A line for each number: the median of the samples, and whether it meets its goal, where there is one. */
export function resultLines(goals: Goals, samples: readonly Sample[]): readonly string[] {
  return rows.map(({ title, of, goal, unit }) => {
    const value = median(samples.map(of));
    const most = goal(goals);
    const verdict =
      most === undefined ? '' : `${value <= most ? 'met' : 'MISSED'} (at most ${most} ${unit})`;
    const shown = `${value.toFixed(value < 10 ? 2 : 0)} ${unit}`;
    return `  ${title.padEnd(18)}${shown.padStart(10)}  ${verdict}`.trimEnd();
  });
}
