/** One process from its start until nothing of it is left: it becomes ready, is watched, ends or is ended. */
import type { LastExit } from '../../../shared/status.ts';
import type { Ending } from './lifecycle.ts';
import type { Probe, ReadyWhen } from './probes.ts';
import type { Launch } from './service.ts';
import { isShortage, type Shortage } from './shortage.ts';
import { spawnProblem } from './spawn-problem.ts';
import type { Exit, RunningProcess } from './supervised-process.ts';
import { type LivenessSettings, untilDead, untilReady } from './watch.ts';

/** What is told about a process while it lives. */
export type LifeNews =
  | { readonly type: 'ready'; readonly reason: string }
  | { readonly type: 'probe_missed'; readonly reason: string }
  | { readonly type: 'probe_answered' }
  | { readonly type: 'gave_up'; readonly reason: string }
  | { readonly type: 'hangs'; readonly reason: string };

/** How one process ended. */
export interface ProcessEnd extends Omit<Ending, 'wasHealthy'> {
  /** Null when it could not be started, or not be ended. */
  readonly exit: LastExit | null;
}

export interface ProcessLife {
  readonly launch: Launch;
  readonly readiness: ReadyWhen | null;
  /** Resolves when the line came that a readiness of that kind waits for. */
  readonly line: Promise<void>;
  /** Read when they are needed. */
  readonly settings: {
    readonly startTimeoutMs: number;
    readonly probeTimeoutMs: number;
    readonly stopGraceMs: number;
  };
  readonly liveness: LivenessSettings;
  readonly isBusy: () => boolean;
  /** Told when we cannot ask or start for want of our own means. */
  readonly shortage: Shortage | undefined;
  /** What it printed last about an error. */
  readonly complaint: () => string | null;
  /** Aborted to end it; it is aborted here when the process ends by itself. */
  readonly over: AbortController;
  readonly say: (news: LifeNews) => void;
}

/** Watches a process and, when told to, ends it; resolves when nothing of it is left, or cannot be ended. */
export async function liveOnce(child: RunningProcess, life: ProcessLife): Promise<ProcessEnd> {
  const { over, say, settings } = life;
  const watching = watch(child, life);
  const exit = await Promise.race([child.exited, aborted(over.signal)]);
  over.abort();
  await watching;
  const onHang = (reason: string) => say({ type: 'hangs', reason });
  const leftover =
    exit === null ? await child.stop(settings.stopGraceMs, onHang) : await child.sweep(onHang);
  if (leftover !== null) {
    return { reason: leftover, failed: true, permanent: true, leftover, exit: null };
  }
  return await endOf(await child.exited, life);
}

/** The end of a process that never was one. */
export async function notStarted(
  launch: Launch,
  error: NodeJS.ErrnoException,
): Promise<ProcessEnd> {
  return { ...(await spawnProblem(launch, error)), failed: true, leftover: null, exit: null };
}

/** What is asked while it runs: what made it ready, unless that was a line. */
export function livenessOf({ readiness, liveness }: Launch): Probe | null {
  if (liveness !== undefined) return liveness;
  return readiness === null || readiness.kind === 'log' ? null : readiness;
}

/** Waits for readiness, then watches liveness; resolves when there is nothing more to say. */
async function watch(child: RunningProcess, life: ProcessLife): Promise<void> {
  const { launch, say, readiness, line, shortage } = life;
  const { startTimeoutMs, probeTimeoutMs } = life.settings;
  const { signal } = life.over;
  await child.spawned;
  if (child.pid === undefined || signal.aborted) return;
  const problem = await untilReady(
    { readiness, line, startTimeoutMs, probeTimeoutMs, shortage },
    signal,
  );
  if (signal.aborted) return;
  if (problem !== null) {
    say({ type: 'gave_up', reason: `not ready within ${startTimeoutMs} ms: ${problem}` });
    return;
  }
  say({ type: 'ready', reason: 'running' });
  const dead = await untilDead(
    {
      settings: life.liveness,
      probe: livenessOf(launch),
      isBusy: life.isBusy,
      shortage,
      onAnswer: () => say({ type: 'probe_answered' }),
      onMiss: (reason) => say({ type: 'probe_missed', reason }),
    },
    signal,
  );
  if (dead !== null) say({ type: 'gave_up', reason: dead });
}

async function endOf(
  exit: Exit,
  { launch, complaint, shortage }: ProcessLife,
): Promise<ProcessEnd> {
  if (exit.spawnError) {
    if (isShortage(exit.spawnError)) shortage?.met(exit.spawnError.message);
    return await notStarted(launch, exit.spawnError);
  }
  const { code, signal } = exit;
  const end = { permanent: false, leftover: null };
  const last: LastExit = { code, signal, at: new Date().toISOString() };
  if (code === null && signal === null) {
    const reason = 'ended while adopted; its exit code is unknown';
    return { ...end, reason, failed: true, exit: last };
  }
  const how = `ended with ${signal === null ? `exit code ${code}` : `signal ${signal}`}`;
  const failed = code !== 0;
  const said = failed ? complaint() : null;
  return { ...end, reason: said === null ? how : `${how}: ${said}`, failed, exit: last };
}

/** Resolves with null when the signal aborts. */
function aborted(signal: AbortSignal): Promise<null> {
  if (signal.aborted) return Promise.resolve(null);
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}
