/** What came out of a soak, judged: a line for each promise, and one for all of them. */

import { median, quantile } from '../bench/kit/quantile.ts';
import { inColumns } from '../bench/kit/table.ts';
import type { Disturbances } from './disturbances.ts';
import type { LoadResult } from './load-messages.ts';
import type { LoopDelay, Sample } from './samples.ts';
import { type Trend, trendOf } from './trend.ts';

/**
 * Caches fill, code is compiled and the heap finds its size at first: a minute, in s, and a third of the
 * run, are no trend.
 */
const warmUpSeconds = 60;
const warmUpShare = 1 / 3;

/** Growth that is surely more than this fails, an hour. */
const allowed = { residentMib: 5, handles: 2 };

/** Of a trouble so much is shown, in characters. */
const maxTroubleLength = 300;

/** The event loop may be late by this in the middle of everything, in ms. */
const loopGoalMs = 50;

export interface Outcome {
  readonly minutes: number;
  readonly samples: readonly Sample[];
  readonly loop: readonly LoopDelay[];
  readonly load: LoadResult;
  readonly disturbances: Disturbances;
  /** Processes that were left when the supervisor had ended. */
  readonly orphans: readonly string[];
  readonly exitCode: number | NodeJS.Signals;
}

interface Line {
  readonly what: string;
  readonly value: string;
  readonly promise: string;
  /** Null where nothing is promised. */
  readonly isKept: boolean | null;
}

export interface Verdict {
  readonly lines: readonly Line[];
  readonly isKept: boolean;
  /** Sentences about what went wrong. */
  readonly troubles: readonly string[];
}

export function judge(outcome: Outcome): Verdict {
  const lines = [...counts(outcome), ...trends(outcome), ...times(outcome), ...endings(outcome)];
  const { load, disturbances, orphans } = outcome;
  const troubles = [...load.failures, ...load.troubles, ...disturbances.troubles, ...orphans];
  const isKept = lines.every((line) => line.isKept !== false) && troubles.length === 0;
  return { lines, isKept, troubles };
}

function counts({ load, disturbances }: Outcome): readonly Line[] {
  return [
    told('events published', load.published),
    told('delivered to all subscribers', load.delivered),
    none('lost events', load.lost),
    none('events that came twice or out of order', load.duplicated),
    none('subscribers that were cut off', load.ended),
    told('calls that may be repeated', load.calls),
    none('of these failed', load.failures.length),
    told('instances killed', disturbances.kills.length),
    told('edits of the configuration in force', disturbances.edits),
  ];
}

function trends({ samples }: Outcome): readonly Line[] {
  const last = samples.at(-1);
  const begin = Math.max(warmUpSeconds, (last?.second ?? 0) * warmUpShare);
  const settled = samples.filter(({ second }) => second >= begin);
  const points = (of: (sample: Sample) => number) =>
    settled.map((sample) => ({ second: sample.second, value: of(sample) }));
  const resident = trendOf(points((sample) => sample.residentMib));
  const handles = trendOf(points((sample) => sample.handles));
  return [
    told('resident memory at the end', `${(last?.residentMib ?? Number.NaN).toFixed(1)} MiB`),
    growth('resident memory grows an hour by', resident, allowed.residentMib, 'MiB'),
    told('open handles at the end', last?.handles ?? Number.NaN),
    growth('open handles grow an hour by', handles, allowed.handles, ''),
  ];
}

/** A promise is broken when the growth is more than allowed even where the error is taken off. */
function growth(what: string, trend: Trend, most: number, unit: string): Line {
  const isKnown = Number.isFinite(trend.errorPerHour);
  const end = unit === '' ? '' : ` ${unit}`;
  return {
    what,
    value: isKnown
      ? `${trend.perHour.toFixed(1)} ± ${trend.errorPerHour.toFixed(1)}${end}`
      : 'too short to tell',
    promise: `not surely more than ${most}${end}`,
    isKept: isKnown ? trend.perHour - trend.errorPerHour <= most : null,
  };
}

function times({ samples, loop }: Outcome): readonly Line[] {
  const late = quantile(
    loop.map(({ p99 }) => p99),
    0.5,
  );
  const worst = Math.max(...loop.map(({ max }) => max));
  const calls = samples.map(({ callMs }) => callMs).filter((each) => !Number.isNaN(each));
  return [
    {
      what: 'event loop late, p99 of a second, median',
      value: late === undefined ? 'not measured' : `${late.toFixed(1)} ms`,
      promise: `at most ${loopGoalMs} ms`,
      isKept: late !== undefined && late <= loopGoalMs,
    },
    told('event loop late, at most', `${worst.toFixed(0)} ms`),
    told('a call, median', `${median(calls).toFixed(1)} ms`),
    told('a call, p99', `${(quantile(calls, 0.99) ?? Number.NaN).toFixed(0)} ms`),
    told(
      'CPU of the supervisor, median',
      `${median(samples.map(({ cpuPercent }) => cpuPercent)).toFixed(0)} %`,
    ),
  ];
}

function endings({ orphans, exitCode }: Outcome): readonly Line[] {
  const end = { what: 'exit code of the supervisor', value: String(exitCode), promise: '0' };
  return [none('processes left behind', orphans.length), { ...end, isKept: exitCode === 0 }];
}

function told(what: string, value: number | string): Line {
  return { what, value: String(value), promise: '', isKept: null };
}

function none(what: string, count: number): Line {
  return { what, value: String(count), promise: '0', isKept: count === 0 };
}

/** The table, then what went wrong, then the verdict in a word. */
export function renderVerdict({ lines, isKept, troubles }: Verdict): string {
  const table = inColumns(
    [
      ['', 'seen', 'promised', ''],
      ...lines.map((line) => [line.what, line.value, line.promise, wordFor(line.isKept)]),
    ],
    [0, 2, 3],
  );
  const wrong = troubles.length === 0 ? [] : ['', 'What went wrong', ...troubles.map(inALine)];
  return [...table, ...wrong, '', isKept ? 'ok' : 'FAILED'].join('\n');
}

function wordFor(isKept: boolean | null): string {
  if (isKept === null) return '';
  return isKept ? 'kept' : 'BROKEN';
}

/** What is thrown may carry a whole snapshot with it. */
function inALine(trouble: string): string {
  return `  ${trouble.split('\n', 1)[0]?.slice(0, maxTroubleLength) ?? ''}`;
}
