/**
 * Watching a process that runs: has it become ready, does it still answer? It refuses to blame a process
 * for the time in which we slept ourselves (suspended laptop, SIGSTOP), and for being busy.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AwakeTime } from './awake.ts';
import { type Probe, type ProbeResult, type ReadyWhen, runProbe } from './probes.ts';
import type { Shortage } from './shortage.ts';

const readinessPollMs = 50;

export interface Readiness {
  /** Null: ready as soon as it runs. */
  readonly readiness: ReadyWhen | null;
  /** Resolves when the line came that a readiness of that kind waits for. */
  readonly line: Promise<void>;
  readonly startTimeoutMs: number;
  readonly probeTimeoutMs: number;
  readonly shortage: Shortage | undefined;
}

/** Null when it is ready, or when nobody waits any more; otherwise why it is not, at its deadline. */
export async function untilReady(
  { readiness, line, startTimeoutMs, probeTimeoutMs, shortage }: Readiness,
  signal: AbortSignal,
): Promise<string | null> {
  if (readiness === null) return null;
  const ask =
    readiness.kind === 'log'
      ? lookFor(readiness.pattern, line)
      : () => runProbe(readiness, probeTimeoutMs, signal);
  const time = new AwakeTime();
  for (;;) {
    const problem = await ask();
    if (problem === null || signal.aborted) return null;
    time.sleptDuring(probeTimeoutMs);
    // At its deadline it must have been asked at least once more.
    if (wasAsked(problem, shortage) && time.elapsedMs >= startTimeoutMs) return problem;
    await delay(readinessPollMs, undefined, { signal }).catch(() => {});
    time.sleptDuring(readinessPollMs);
  }
}

function lookFor(pattern: RegExp, line: Promise<void>): () => Promise<ProbeResult> {
  let problem: ProbeResult = `it printed no line that matches ${pattern}`;
  void line.then(() => {
    problem = null;
  });
  return async () => problem;
}

/** Looked up before each probe: they may change. */
export interface LivenessSettings {
  /** 0: it is not asked. */
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** So many missed probes in a row, and it is given up. */
  readonly threshold: number;
}

/** How often is looked whether a process that is not asked shall be, in ms. */
const unaskedPeriodMs = 5_000;

export interface Liveness {
  readonly settings: LivenessSettings;
  /** Null: it lives as long as its process. */
  readonly probe: Probe | null;
  /** True while it works for somebody: then a missed probe means busy, not dead. */
  readonly isBusy: () => boolean;
  readonly shortage: Shortage | undefined;
  readonly onAnswer: () => void;
  readonly onMiss: (problem: string) => void;
}

/** Resolves with why it is given up; null when nobody watches any more. */
export async function untilDead(liveness: Liveness, signal: AbortSignal): Promise<string | null> {
  const { probe, settings } = liveness;
  if (probe === null) return null;
  let missed = 0;
  while (!signal.aborted) {
    const { periodMs } = settings;
    await delay(periodMs || unaskedPeriodMs, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
    if (periodMs === 0) continue;
    const { timeoutMs, threshold } = settings;
    const time = new AwakeTime();
    const problem = await runProbe(probe, timeoutMs, signal);
    if (signal.aborted) break;
    if (problem === null) {
      liveness.shortage?.over();
      missed = 0;
      liveness.onAnswer();
      continue;
    }
    // Its answer may have come while we slept; it is asked again.
    if (time.sleptDuring(timeoutMs) || liveness.isBusy()) continue;
    if (!wasAsked(problem, liveness.shortage)) continue;
    missed += 1;
    if (missed >= threshold) return `missed ${missed} probes: ${problem}`;
    liveness.onMiss(problem);
  }
  return null;
}

/** False when it was our own fault that there is no answer; that is told, once for all services. */
function wasAsked(
  problem: Exclude<ProbeResult, null>,
  shortage: Shortage | undefined,
): problem is string {
  if (typeof problem === 'string') return true;
  shortage?.met(problem.notAsked);
  return false;
}
