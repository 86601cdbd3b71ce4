import { expect, test } from 'vitest';
import { instanceFixtures, serviceFixture } from '../fixtures/services.ts';
import { noUsage, recordUsage, usageSpanMs } from './usage-history.ts';

function snapshot(cpuPercent: number | null) {
  const rssBytes = cpuPercent === null ? null : 1_000;
  return { services: [serviceFixture({ name: 'search', cpuPercent, rssBytes })], instances: [] };
}

test('two minutes are kept and no more, however long the page is open', () => {
  let history = noUsage;
  for (let second = 0; second < 3_600; second += 2) {
    history = recordUsage(history, snapshot(second), 1_000_000 + second * 1_000);
  }
  const points = history.series.get('search') ?? [];
  expect(points).toHaveLength(usageSpanMs / 2_000);
  expect(points.at(-1)?.cpuPercent).toBe(3_598);
});

test('snapshots that come between two measurements add nothing', () => {
  const first = recordUsage(noUsage, snapshot(1), 10_000);
  expect(recordUsage(first, snapshot(1), 10_300)).toBe(first);
  expect(recordUsage(first, snapshot(2), 12_000).series.get('search')).toHaveLength(2);
});

test('what is not known stays unknown, and a removed service leaves nothing behind', () => {
  const first = recordUsage(noUsage, snapshot(null), 10_000);
  expect(first.series.get('search')).toEqual([{ at: 10_000, cpuPercent: null, rssBytes: null }]);
  const empty = recordUsage(first, { services: [], instances: [] }, 12_000);
  expect(empty.series.size).toBe(0);
});

test('a pool uses what its instances use, as far as it is known', () => {
  const services = [serviceFixture({ name: 'mcp', kind: 'mcp_pool' })];
  const [one, two] = instanceFixtures(0);
  if (one === undefined || two === undefined) throw new Error('two instances');
  const instances = [
    { ...one, cpuPercent: 3, rssBytes: 1_000 },
    { ...two, cpuPercent: 4, rssBytes: null },
    { ...two, name: 'tools:1', server: 'tools', cpuPercent: 50, rssBytes: 50 },
  ];
  const { series } = recordUsage(noUsage, { services, instances }, 10_000);
  expect(series.get('mcp')).toEqual([{ at: 10_000, cpuPercent: 7, rssBytes: 1_000 }]);
});

test('a clock that is set back does not stop the recording', () => {
  const first = recordUsage(noUsage, snapshot(1), 1_000_000);
  expect(recordUsage(first, snapshot(2), 10_000).series.get('search')).toHaveLength(1);
});
