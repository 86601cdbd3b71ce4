/** What is seen of the supervisor while it runs, once a second. */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, residentKib } from '../bench/kit/process-usage.ts';
import { Caller } from './caller.ts';
import type { Stage } from './stage.ts';

const periodMs = 1_000;

export interface Sample {
  /** Since the start, in s. */
  readonly second: number;
  readonly residentMib: number;
  /** Open file descriptors. */
  readonly handles: number;
  /** Share of one core since the sample before, in percent. */
  readonly cpuPercent: number;
  /** One call from here, where nothing else is waited for; NaN when it failed. */
  readonly callMs: number;
}

/** Measures until told to end. One client of its own, a ninth, makes a call for each sample. */
export async function takeSamples(stage: Stage, taken: Sample[], over: AbortSignal): Promise<void> {
  const { pid } = stage.supervisor.process;
  const port = stage.supervisor.ports.services['mcp_proxy'] ?? 0;
  const caller = await Caller.open(port, stage.place.folder);
  const begun = performance.now();
  let [cpuBefore, before] = [cpuSeconds(pid), begun];
  while (!over.aborted) {
    await delay(periodMs, undefined, { signal: over }).catch(() => {});
    if (over.aborted) break;
    const failures = caller.failures.length;
    const tookMs = await caller.call();
    const [cpu, now] = [cpuSeconds(pid), performance.now()];
    taken.push({
      second: (now - begun) / 1_000,
      residentMib: residentKib(pid) / 1_024,
      handles: (await readdir(`/proc/${pid}/fd`)).length,
      cpuPercent: ((cpu - cpuBefore) / ((now - before) / 1_000)) * 100,
      callMs: caller.failures.length === failures ? tookMs : Number.NaN,
    });
    [cpuBefore, before] = [cpu, now];
  }
  caller.close();
}

/** What the supervisor's process says of itself, once a second. */
export interface InsideView {
  /** Wall clock, in ms. */
  readonly at: number;
  /** How late the event loop was in that second. */
  readonly lateMs: { readonly p99: number; readonly max: number };
  /** Heap and buffers of the main thread after a collection; null in most seconds. */
  readonly inUseMib: number | null;
}

/** Everything that inside.ts wrote. */
export async function insideViews(file: string): Promise<readonly InsideView[]> {
  const text = await readFile(file, 'utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as InsideView);
}
