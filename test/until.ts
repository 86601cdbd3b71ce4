/** Waiting for conditions: tests never sleep a guess. */
import { setTimeout as delay } from 'node:timers/promises';

export interface UntilOptions {
  /** What is waited for, as it completes the sentence "waited 10000 ms for …". */
  readonly what: string;
  readonly timeoutMs?: number;
  /** Told in the error: what was there instead. */
  readonly instead?: () => unknown;
}

/** Nothing is promised by it: a busy machine has this much time to do what it must. */
const defaultTimeoutMs = 30_000;
const periodMs = 10;

/** Resolves with the first answer of `look` that is neither undefined, null nor false; throws in time. */
export async function until<Found>(
  look: () => Found | Promise<Found>,
  { what, timeoutMs = defaultTimeoutMs, instead }: UntilOptions,
): Promise<Exclude<Found, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== null && found !== false) {
      return found as Exclude<Found, undefined | null | false>;
    }
    if (performance.now() >= deadline) {
      const there = instead === undefined ? '' : `\nInstead:\n${describe(instead())}`;
      throw new Error(`waited ${timeoutMs} ms for ${what}${there}`);
    }
    await delay(periodMs);
  }
}

function describe(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}
