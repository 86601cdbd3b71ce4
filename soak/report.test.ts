import { describe, expect, test } from 'vitest';
import { judge, type Outcome, renderVerdict } from './report.ts';
import type { InsideView, Sample } from './samples.ts';

const secondsOf = (length: number) => Array.from({ length }, (_each, second) => second);
const seconds = secondsOf(1_200);
const hourAndMore = secondsOf(4_200);

function samplesOf(
  change: (second: number) => Partial<Sample> = () => ({}),
  all = seconds,
): readonly Sample[] {
  return all.map((second) => ({
    second,
    // It swings, as memory does between collections.
    residentMib: 90 + (second % 20) / 10,
    handles: 60 + (second % 3),
    cpuPercent: 12,
    callMs: 3,
    ...change(second),
  }));
}

function insideOf(
  change: (second: number) => Partial<InsideView> = () => ({}),
): readonly InsideView[] {
  return seconds.map((second) => ({
    at: second * 1_000,
    lateMs: { p99: 12, max: 30 },
    inUseMib: second % 60 === 59 ? 38 + (second % 7) / 10 : null,
    ...change(second),
  }));
}

/** Of a run in which all went well. */
const good: Outcome = {
  minutes: 20,
  samples: samplesOf(),
  inside: insideOf(),
  load: {
    calls: 9_600,
    failures: [],
    published: 1_200,
    delivered: 6_000,
    lost: 0,
    duplicated: 0,
    ended: 0,
    troubles: [],
  },
  disturbances: { kills: [30, 60], edits: 19, troubles: [] },
  orphans: [],
  exitCode: 0,
};

const load = (change: Partial<Outcome['load']>): Outcome => ({
  ...good,
  load: { ...good.load, ...change },
});

const perHour = (growth: number) => (second: number) => (growth * second) / 3_600;

function brokenIn(outcome: Outcome): readonly string[] {
  return judge(outcome)
    .lines.filter(({ isKept }) => isKept === false)
    .map(({ what }) => what);
}

test('a run in which all went well is ok, with every promise kept', () => {
  const verdict = judge(good);
  expect(verdict).toMatchObject({ isKept: true, troubles: [] });
  expect(verdict.lines.filter(({ isKept }) => isKept !== null)).toHaveLength(10);
  expect(brokenIn(good)).toEqual([]);
  const shown = renderVerdict(verdict);
  expect(shown).toMatch(/\nok$/);
  expect(shown).not.toMatch(/BROKEN|went wrong/);
});

const broken: readonly (readonly [string, Outcome])[] = [
  ['lost events', load({ lost: 1 })],
  ['events that came twice or out of order', load({ duplicated: 1 })],
  ['subscribers that were cut off', load({ ended: 1 })],
  ['of these failed', load({ failures: ['call 7: 502'] })],
  [
    'memory in use grows an hour by',
    {
      ...good,
      inside: insideOf((second) =>
        second % 60 === 59 ? { inUseMib: 38 + (second % 7) / 10 + perHour(12)(second) } : {},
      ),
    },
  ],
  ['resident memory at the end', { ...good, samples: samplesOf(() => ({ residentMib: 257 })) }],
  [
    'resident memory grows an hour by',
    {
      ...good,
      samples: samplesOf(
        (second) => ({ residentMib: 90 + (second % 20) / 10 + perHour(12)(second) }),
        hourAndMore,
      ),
    },
  ],
  [
    'open handles grow an hour by',
    { ...good, samples: samplesOf((second) => ({ handles: 60 + Math.floor(perHour(6)(second)) })) },
  ],
  [
    'event loop late, p99 of a second, median',
    { ...good, inside: insideOf(() => ({ lateMs: { p99: 51, max: 51 } })) },
  ],
  // What nobody has measured is no promise that was kept.
  ['event loop late, p99 of a second, median', { ...good, inside: [] }],
  ['processes left behind', { ...good, orphans: ['left: process 7, sleep'] }],
  ['exit code of the supervisor', { ...good, exitCode: 1 }],
  ['exit code of the supervisor', { ...good, exitCode: 'SIGKILL' }],
];

describe('each promise that is broken is told as BROKEN, and the run has FAILED', () => {
  test.each(broken)('%s', (what, outcome) => {
    expect(brokenIn(outcome)).toEqual([what]);
    const shown = renderVerdict(judge(outcome));
    expect(shown.split('\n').filter((line) => line.startsWith(what))[0]).toMatch(/ BROKEN$/);
    expect(shown).toMatch(/\nFAILED$/);
  });
});

describe('what went wrong is told as a sentence and fails the run, whatever the numbers say', () => {
  test.each<readonly [string, Outcome]>([
    ['a failed call', load({ failures: ['a sentence\nand its stack'] })],
    ['the load', load({ troubles: ['a sentence\nand its stack'] })],
    [
      'a disturbance',
      {
        ...good,
        disturbances: { ...good.disturbances, troubles: ['a sentence\nand its stack'] },
      },
    ],
    ['a process that was left', { ...good, orphans: ['a sentence\nand its stack'] }],
  ])('%s', (_what, outcome) => {
    const verdict = judge(outcome);
    expect(verdict.isKept).toBe(false);
    const shown = renderVerdict(verdict);
    expect(shown).toMatch(/\nWhat went wrong\n {2}a sentence\n\nFAILED$/);
  });

  test('a long one is cut', () => {
    const shown = renderVerdict(judge(load({ troubles: ['x'.repeat(100_000)] })));
    expect(shown.length).toBeLessThan(5_000);
  });
});

describe('what is no broken promise', () => {
  test.each<readonly [string, Outcome]>([
    [
      'memory that rises while the program warms up, and no more',
      {
        ...good,
        samples: samplesOf((second) => ({ residentMib: 60 + Math.min(second, 400) / 10 })),
      },
    ],
    [
      'growth within what is allowed',
      { ...good, samples: samplesOf((second) => ({ residentMib: 90 + perHour(4)(second) })) },
    ],
    [
      'resident memory that finds its size in less than an hour',
      { ...good, samples: samplesOf((second) => ({ residentMib: 90 + perHour(60)(second) })) },
    ],
    [
      'resident memory that has found its size after half an hour',
      {
        ...good,
        samples: samplesOf(
          (second) => ({ residentMib: 90 + perHour(60)(Math.min(second, 1_800)) }),
          hourAndMore,
        ),
      },
    ],
    [
      'a swing that is larger than the trend it seems to have',
      {
        ...good,
        samples: samplesOf((second) => ({ residentMib: 90 + 20 * Math.sin(second / 40) })),
      },
    ],
    [
      'a second in which the machine did something else',
      {
        ...good,
        inside: insideOf((second) => (second === 600 ? { lateMs: { p99: 900, max: 990 } } : {})),
      },
    ],
  ])('%s', (_what, outcome) => {
    expect(judge(outcome)).toMatchObject({ isKept: true });
  });

  test('calls from outside that failed are left out of the times, and the others are told', () => {
    const samples = samplesOf((second) => (second % 3 > 0 ? { callMs: Number.NaN } : {}));
    const { lines, isKept } = judge({ ...good, samples });
    const times = lines.filter(({ what }) => what.startsWith('a call'));
    expect(times.map(({ value }) => value)).toEqual(['3.0 ms', '3 ms']);
    expect(isKept).toBe(true);
  });

  test('a run that was too short to see a trend says so, and claims nothing', () => {
    const short = { samples: good.samples.slice(0, 61), inside: good.inside.slice(0, 61) };
    const { lines, isKept } = judge({ ...good, ...short });
    const trends = lines.filter(({ what }) => what.includes('an hour by'));
    expect(trends.map(({ value, isKept: kept }) => [value, kept])).toEqual([
      ['too short to tell', null],
      ['too short to tell', null],
      ['too short to tell', null],
    ]);
    expect(isKept).toBe(true);
  });
});
