/**
 * Loaded into the supervisor's process ahead of it (`node --import`): what only that process knows of itself,
 * as a line in a file each second. What it costs is on the supervisor's account: Node's histogram of how
 * late the event loop is looks every 10 ms, about a hundredth of a core, and a collection once a minute,
 * after which only memory in use is left, holds everything up for some hundredths of a second.
 */
import { appendFile } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';
import { garbageCollector } from '../main/supervisor/telemetry/collect-garbage.ts';

/** How often the loop is looked at, in ms. It is part of what the histogram records. */
const resolutionMs = 10;

const periodMs = 1_000;

/** Every so many lines garbage is collected. */
const collectEvery = 60;

const file = process.env['PM_SOAK_INSIDE_FILE'];

/** What the program's own thread needs, when all that it does not need has gone. */
function inUseMib(collectGarbage: () => void): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  const collectGarbage = garbageCollector();
  let lines = 0;
  setInterval(() => {
    lines += 1;
    const late = (share: number) => Math.max(0, delays.percentile(share) / 1e6 - resolutionMs);
    const line = {
      at: Date.now(),
      lateMs: { p99: late(99), max: late(100) },
      inUseMib: lines % collectEvery === 0 ? inUseMib(collectGarbage) : null,
    };
    delays.reset();
    // A measurement that cannot be written is missing in the table, which says so.
    appendFile(file, `${JSON.stringify(line)}\n`, () => {});
  }, periodMs).unref();
}
