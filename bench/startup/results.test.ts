import { expect, test } from 'vitest';
import { type Goals, resultLines, type Sample, sampleOf } from './results.ts';

const within: Sample = { readyMs: 250, startCpuMs: 270, residentMib: 88, idlePercent: 0.14 };
const goals: Goals = { readyMs: 300, residentMib: 90, idlePercent: 0.3 };

test('a sample is reckoned from what was read: since the start, in ms, MiB and percent of a core', () => {
  const sample = sampleOf({
    startMs: 1_000,
    ready: { atMs: 1_250, cpuSeconds: 0.27, residentKib: 999 },
    idleBegin: { atMs: 40_000, cpuSeconds: 0.5, residentKib: 999 },
    idleEnd: { atMs: 70_000, cpuSeconds: 0.56, residentKib: 88 * 1_024 },
  });
  expect(sample.readyMs).toBe(250);
  expect(sample.startCpuMs).toBeCloseTo(270);
  expect(sample.residentMib).toBe(88);
  // 60 ms of work in half a minute.
  expect(sample.idlePercent).toBeCloseTo(0.2);
});

test('what is within its goal is met, and so is what is just there', () => {
  const verdicts = (sample: Sample) => resultLines(goals, [sample]).map((line) => line.slice(32));
  const met = ['met (at most 300 ms)', '', 'met (at most 90 MiB)', 'met (at most 0.3 %)'];
  expect(verdicts(within)).toEqual(met);
  expect(verdicts({ ...within, readyMs: 300, residentMib: 90, idlePercent: 0.3 })).toEqual(met);
});

test.each<readonly [keyof Goals, number, string]>([
  ['readyMs', 301, '  ready after           301 ms  MISSED (at most 300 ms)'],
  ['residentMib', 91, '  resident memory       91 MiB  MISSED (at most 90 MiB)'],
  ['idlePercent', 0.33, '  idle CPU              0.33 %  MISSED (at most 0.3 %)'],
])('a goal that is missed is told: %s', (name, value, line) => {
  const lines = resultLines(goals, [{ ...within, [name]: value }]);
  expect(lines.filter((each) => each.includes('MISSED'))).toEqual([line]);
});

test('the middle one of the rounds counts, not the best, not the mean', () => {
  const rounds = [100, 301, 9_000].map((readyMs) => ({ ...within, readyMs }));
  expect(resultLines(goals, rounds)[0]).toBe(
    '  ready after           301 ms  MISSED (at most 300 ms)',
  );
});

test('where there is no goal a number is told without a verdict', () => {
  expect(resultLines({}, [within])).toEqual([
    '  ready after           250 ms',
    '  CPU by then           270 ms',
    '  resident memory       88 MiB',
    '  idle CPU              0.14 %',
  ]);
});
