/**
 * Our own means are used up: no more file descriptors, memory for sockets, or local ports. What fails then
 * says nothing about a service, so nobody is blamed for it. It is told once, and once more when it is over.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';

/** Errors of socket(2), connect(2), open(2), pipe(2) and fork(2) that are about the caller. */
const codes = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL', 'EAGAIN']);

/** True for an error that is about us, not about whom we wanted to reach or start. */
export function isShortage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && codes.has(String(error.code));
}

/** At a limit some things still work; it counts as over when nothing failed for so long, in ms. */
const calmMs = 30_000;

/** What must not be overlooked is tried again so often, with so many ms between: two seconds, as people wait. */
const patientTries = 100;
const patientPollMs = 20;

/** Tries again while it fails for want of our own means; then throws what the system says. */
export async function patiently<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isShortage(error) || tries === patientTries) throw error;
    }
    await delay(patientPollMs);
  }
}

export class Shortage {
  readonly #logger: Pick<Logger, 'error' | 'info'>;
  #isOn = false;
  #lastAt = 0;

  constructor(logger: Pick<Logger, 'error' | 'info'>) {
    this.#logger = logger;
  }

  /** Something could not be done for want of our own means. */
  met(cause: string): void {
    this.#lastAt = performance.now();
    if (this.#isOn) return;
    this.#isOn = true;
    this.#logger.error(
      { cause },
      'the supervisor has reached a limit of the system: new connections and processes have to wait. Raise the limit (ulimit -n) or close connections',
    );
  }

  /** Something could be done again. */
  over(): void {
    if (!this.#isOn || performance.now() - this.#lastAt < calmMs) return;
    this.#isOn = false;
    this.#logger.info('the limit of the system is no longer reached');
  }
}
