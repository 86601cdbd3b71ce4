/** What came out of a soak, judged: a line for each promise, and one for all of them. */

import { median, quantile } from '../bench/kit/quantile.ts';
import { inColumns } from '../bench/kit/table.ts';
import type { Disturbances } from './disturbances.ts';
import type { LoadResult } from './load-messages.ts';
import type { InsideView, Sample } from './samples.ts';
import { type Point, type Trend, trendOf } from './trend.ts';

/**
 * Caches fill, code is compiled and the heap finds its size at first: a minute, in s, and a third of the
 * run, are no trend.
 */
const warmUpSeconds = 60;
const warmUpShare = 1 / 3;

/**
 * What the allocator keeps of what was freed reaches its size after half an hour (in s): V8's two rooms for
 * what is short-lived, and malloc, which had 53 MiB free in a run in which 18 were in use. Before it
 * resident memory grows though nothing is kept, so its growth says something only in an hour's run.
 */
const residentWarmUpSeconds = 1_800;
const residentJudgedSeconds = 3_600;

/** Growth that is surely more than this fails, an hour. */
const allowed = { inUseMib: 5, residentMib: 5, handles: 2 };

/** Twice what a quiet program takes, and half as much again: room for garbage under this load, in MiB. */
const residentGoalMib = 256;

/** Of a trouble so much is shown, in characters. */
const maxTroubleLength = 300;

/** The event loop may be late by this in the middle of everything, in ms. */
const loopGoalMs = 50;

export interface Outcome {
  readonly minutes: number;
  readonly samples: readonly Sample[];
  readonly inside: readonly InsideView[];
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

function trends({ samples, inside }: Outcome): readonly Line[] {
  const last = samples.at(-1);
  const length = last?.second ?? 0;
  const begin = Math.max(warmUpSeconds, length * warmUpShare);
  const residentBegin = length < residentJudgedSeconds ? begin : residentWarmUpSeconds;
  const pointsOf = (of: (sample: Sample) => number) =>
    samples.map((sample) => ({ second: sample.second, value: of(sample) }));
  const resident = pointsOf((sample) => sample.residentMib);
  const residentMib = last?.residentMib ?? Number.NaN;
  const growing = growth(
    'resident memory grows an hour by',
    trendFrom(residentBegin, resident),
    allowed.residentMib,
    'MiB',
  );
  return [
    growth(
      'memory in use grows an hour by',
      trendFrom(begin, inUsePoints(inside)),
      allowed.inUseMib,
      'MiB',
    ),
    {
      what: 'resident memory at the end',
      value: `${residentMib.toFixed(1)} MiB`,
      promise: `at most ${residentGoalMib} MiB`,
      isKept: residentMib <= residentGoalMib,
    },
    length < residentJudgedSeconds ? told(growing.what, growing.value) : growing,
    told('open handles at the end', last?.handles ?? Number.NaN),
    growth(
      'open handles grow an hour by',
      trendFrom(
        begin,
        pointsOf((sample) => sample.handles),
      ),
      allowed.handles,
      '',
    ),
  ];
}

function trendFrom(begin: number, points: readonly Point[]): Trend {
  return trendOf(points.filter(({ second }) => second >= begin));
}

function inUsePoints(inside: readonly InsideView[]): readonly Point[] {
  const begun = inside[0]?.at ?? 0;
  return inside.flatMap(({ at, inUseMib }) =>
    inUseMib === null ? [] : [{ second: (at - begun) / 1_000, value: inUseMib }],
  );
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

function times({ samples, inside }: Outcome): readonly Line[] {
  const late = quantile(
    inside.map(({ lateMs }) => lateMs.p99),
    0.5,
  );
  const worst = Math.max(...inside.map(({ lateMs }) => lateMs.max));
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
