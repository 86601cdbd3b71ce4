import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { addProcessMetrics } from './process-metrics.ts';

async function metricOf(registry: Registry, name: string): Promise<number> {
  const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ')[1]);
}

test('a scrape tells what the process uses at that moment', async () => {
  const registry = new Registry();
  addProcessMetrics(registry, 'pm_');
  expect(await metricOf(registry, 'pm_process_start_time_seconds')).toBeCloseTo(
    performance.timeOrigin / 1_000,
    0,
  );
  expect(await metricOf(registry, 'pm_process_resident_memory_bytes')).toBeGreaterThan(10e6);
  expect(await metricOf(registry, 'pm_nodejs_heap_size_used_bytes')).toBeGreaterThan(1e6);
  const before = await metricOf(registry, 'pm_process_cpu_user_seconds_total');
  const end = process.cpuUsage().user + 50_000;
  while (process.cpuUsage().user < end);
  expect(await metricOf(registry, 'pm_process_cpu_user_seconds_total')).toBeGreaterThanOrEqual(
    before + 0.05,
  );
});

/** Prints how often it was woken in a second, while nobody asks for metrics. */
const idler = `
import { readFileSync } from 'node:fs';
import { Metrics } from ${JSON.stringify(join(import.meta.dirname, 'metrics.ts'))};
const wakes = () => Number(/^voluntary_ctxt_switches:\\s+(\\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
new Metrics(() => { throw new Error('nobody asked'); });
setTimeout(() => {
  const before = wakes();
  setTimeout(() => console.log(wakes() - before), 1_000);
}, 200);
`;

test.skipIf(process.platform !== 'linux')(
  'nobody is woken for metrics between scrapes',
  async () => {
    const args = ['--input-type=module', '--eval', idler];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    // A timer of 10 ms would make it a hundred; the end of a garbage collection may be one or two.
    expect(Number(stdout)).toBeLessThan(30);
  },
);
