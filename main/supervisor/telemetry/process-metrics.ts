/**
 * What the supervisor's own process uses, read at the moment of a scrape. prom-client's default metrics
 * measure the delay of the event loop by a timer that wakes the process a hundred times a second, for as
 * long as it runs; how long the loop was busy says as much, and Node counts that anyway.
 */
import { readdir } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, type Registry } from 'prom-client';
import { residentBytes } from './resident-bytes.ts';

interface Definition {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  /** Null where the system does not tell. */
  readonly read: () => number | null | Promise<number | null>;
}

const definitions: readonly Definition[] = [
  {
    kind: 'counter',
    name: 'process_cpu_user_seconds_total',
    help: 'Time on a processor in the program itself, in seconds.',
    read: () => process.cpuUsage().user / 1e6,
  },
  {
    kind: 'counter',
    name: 'process_cpu_system_seconds_total',
    help: 'Time on a processor in the system, for the program, in seconds.',
    read: () => process.cpuUsage().system / 1e6,
  },
  {
    kind: 'gauge',
    name: 'process_start_time_seconds',
    help: 'When the process began, in seconds since 1970.',
    read: () => performance.timeOrigin / 1e3,
  },
  {
    kind: 'gauge',
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    read: residentBytes,
  },
  {
    kind: 'gauge',
    name: 'process_open_fds',
    help: 'Open file descriptors (Linux).',
    read: async () => (await readdir('/proc/self/fd').catch(() => null))?.length ?? null,
  },
  {
    kind: 'gauge',
    name: 'nodejs_heap_size_total_bytes',
    help: 'Size of the JavaScript heap.',
    read: () => getHeapStatistics().total_heap_size,
  },
  {
    kind: 'gauge',
    name: 'nodejs_heap_size_used_bytes',
    help: 'What of the JavaScript heap is used.',
    read: () => getHeapStatistics().used_heap_size,
  },
  {
    kind: 'gauge',
    name: 'nodejs_external_memory_bytes',
    help: 'Memory outside of the heap that JavaScript objects hold.',
    read: () => getHeapStatistics().external_memory,
  },
  {
    kind: 'counter',
    name: 'nodejs_eventloop_active_seconds_total',
    help: 'Time in which the event loop was busy; its rate is the share of time.',
    read: () => performance.eventLoopUtilization().active / 1e3,
  },
];

/** Adds them to the registry, each name behind the prefix. */
export function addProcessMetrics(registry: Registry, prefix: string): void {
  for (const { kind, name, help, read } of definitions) {
    const common = { name: prefix + name, help, registers: [registry] };
    if (kind === 'gauge') {
      const gauge = new Gauge({
        ...common,
        collect: async () => {
          const value = await read();
          if (value !== null) gauge.set(value);
        },
      });
    } else {
      const counter = new Counter({
        ...common,
        collect: async () => {
          const value = await read();
          counter.reset();
          counter.inc(value ?? 0);
        },
      });
    }
  }
}
