/**
 * The fault matrix: what goes wrong in the world, and what the program promises then. A fault is done to the
 * running program with real children and clients; what was seen is told in numbers, so that a reader
 * can judge it and not only believe it.
 */
import type { Stage } from './stage.ts';

export interface Fault {
  /** `F5`, or `F5b` where one row of the matrix has several parts. */
  readonly id: string;
  /** What is done, for one line. */
  readonly done: string;
  /** What the program promises then. */
  readonly promised: string;
  /** Whether `--quick` has it, in a shorter form where `stage.isQuick` says so. */
  readonly isQuick: boolean;
  /** Why it cannot be done here; null when it can. */
  readonly lacks?: () => string | null;
  /** Tells what was seen; throws when the promise was broken. */
  readonly run: (stage: Stage) => Promise<string>;
}

export type Verdict = 'ok' | 'FAILED' | 'skipped';

export interface Outcome {
  readonly id: string;
  readonly done: string;
  readonly promised: string;
  readonly verdict: Verdict;
  /** What was seen, or why it was skipped. */
  readonly seen: string;
  readonly seconds: number;
}

/** Reasons that many faults share. */
export const onlyOnLinux = () =>
  process.platform === 'linux' ? null : 'needs /proc, which only Linux has';

export const onlyWithSignals = () =>
  process.platform === 'win32' ? 'Windows has no such signals' : null;
