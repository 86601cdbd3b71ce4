/** Plays faults: one stage each, a verdict whatever happens, and nothing left behind. */
import type { Fault, Outcome, Verdict } from './fault.ts';
import { Stage } from './stage.ts';

/** The longest one, with a minute of sleep, takes half of this on a busy machine. */
const faultTimeoutMs = 5 * 60_000;

/** Of the short form, at one time: two cores have enough to do with as many. */
const quickAtOnce = 3;

const stages = new Set<Stage>();

/**
 * One after the other, each to be seen alone; in the short form several at a time, which mostly wait. In
 * the order in which they ended.
 */
export async function playAll(
  faults: readonly Fault[],
  isQuick: boolean,
  onOutcome: (outcome: Outcome) => void,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const waiting = faults.values();
  const player = async () => {
    for (const fault of waiting) {
      const outcome = await play(fault, isQuick);
      onOutcome(outcome);
      outcomes.push(outcome);
    }
  };
  await Promise.all(Array.from({ length: isQuick ? quickAtOnce : 1 }, player));
  return outcomes;
}

/** Never throws: what goes wrong is the outcome. */
export async function play(fault: Fault, isQuick: boolean): Promise<Outcome> {
  const { id, done, promised, lacks, run } = fault;
  const since = performance.now();
  const outcome = (verdict: Verdict, seen: string): Outcome => {
    const seconds = Math.round((performance.now() - since) / 100) / 10;
    return { id, done, promised, verdict, seen, seconds };
  };
  const lacking = lacks?.() ?? null;
  if (lacking !== null) return outcome('skipped', lacking);
  const stage = new Stage(isQuick);
  stages.add(stage);
  try {
    const seen = await inTime(run(stage));
    await clear(stage);
    return outcome('ok', seen);
  } catch (error) {
    await clear(stage).catch(() => {});
    return outcome('FAILED', wordsOf(error));
  }
}

/** Takes away what faults that are under way have put up; they fail then. */
export async function breakOff(): Promise<void> {
  await Promise.allSettled([...stages].map(clear));
}

async function clear(stage: Stage): Promise<void> {
  stages.delete(stage);
  await stage[Symbol.asyncDispose]();
}

/** With its causes: a start that failed says why in its cause, and what was printed in front of it. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${wordsOf(error.cause)}: ${error.message}`;
}

async function inTime(seen: Promise<string>): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`it was not over after ${faultTimeoutMs / 1_000} s`)),
    faultTimeoutMs,
  );
  try {
    return await Promise.race([seen, late.promise]);
  } finally {
    clearTimeout(timer);
    // One that was too late fails once more, when its stage is cleared.
    seen.catch(() => {});
  }
}
