/**
 * Loaded into the supervisor's process ahead of it (`node --import`): measures how late its event loop is
 * and writes a line to a file each second. Node's own histogram looks every 10 ms, which costs that
 * process about a hundredth of a core and is on its account.
 */
import { appendFile } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** How often the loop is looked at, in ms. It is part of what the histogram records. */
const resolutionMs = 10;

const periodMs = 1_000;

const file = process.env['PM_SOAK_LOOP_FILE'];

if (isMainThread && file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  setInterval(() => {
    const late = (share: number) => Math.max(0, delays.percentile(share) / 1e6 - resolutionMs);
    const line = JSON.stringify({ at: Date.now(), p99: late(99), max: late(100) });
    delays.reset();
    // A measurement that cannot be written is missing in the table, which says so.
    appendFile(file, `${line}\n`, () => {});
  }, periodMs).unref();
}
