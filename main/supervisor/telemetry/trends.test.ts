import { expect, test } from 'vitest';
import { type TrendReading, Trends } from './trends.ts';

interface World {
  read: TrendReading;
  calls: number;
  ms: number;
  latency: { p50Ms: number | null; p99Ms: number | null };
}

function trendsOf(world: World): Trends {
  return new Trends(
    () => world.read,
    {
      get calls() {
        return world.calls;
      },
      failovers: [],
      takeLatency: () => world.latency,
    },
    { monotonicMs: () => world.ms, now: () => 1_000_000 + world.ms },
  );
}

function newWorld(): World {
  return {
    read: { events: 100, sessions: 2, restarts: 5 },
    calls: 40,
    ms: 0,
    latency: { p50Ms: null, p99Ms: null },
  };
}

test('a sample tells rates for counts, and the present for what is present', () => {
  const world = newWorld();
  const trends = trendsOf(world);
  trends.start();
  Object.assign(world, {
    read: { events: 150, sessions: 3, restarts: 6 },
    calls: 45,
    ms: 10_000,
    latency: { p50Ms: 4, p99Ms: 90 },
  });
  trends.sample();
  trends.close();
  expect(trends.report().samples).toEqual([
    {
      at: 1_010_000,
      events_per_second: 5,
      sessions: 3,
      calls_per_second: 0.5,
      latency_p50_ms: 4,
      latency_p99_ms: 90,
      restarts: 1,
    },
  ]);
});

test('a machine that slept shows no flood: the rate is over the time that passed', () => {
  const world = newWorld();
  const trends = trendsOf(world);
  trends.start();
  Object.assign(world, { read: { ...world.read, events: 1_100 }, ms: 1_000_000 });
  trends.sample();
  trends.close();
  expect(trends.report().samples[0]?.events_per_second).toBe(1);
});

test('a service that is removed takes its restarts along, and no number becomes negative', () => {
  const world = newWorld();
  const trends = trendsOf(world);
  trends.start();
  Object.assign(world, { read: { events: 100, sessions: 0, restarts: 1 }, ms: 10_000 });
  trends.sample();
  trends.close();
  expect(trends.report().samples[0]).toMatchObject({ restarts: 0, events_per_second: 0 });
});

test('an hour is kept and no more, the newest', () => {
  const world = newWorld();
  const trends = trendsOf(world);
  trends.start();
  for (let turn = 1; turn <= 400; turn += 1) {
    world.ms = turn * 10_000;
    trends.sample();
  }
  trends.close();
  const { samples } = trends.report();
  expect(samples).toHaveLength(360);
  expect(samples.at(-1)?.at).toBe(1_000_000 + 4_000_000);
});
