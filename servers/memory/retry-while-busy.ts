/**
 * SQLite does not wait for a lock when it turns a new database to WAL mode: of several instances
 * that start on an empty folder at the same moment, some get SQLITE_BUSY at once, whatever their
 * busy timeout. Trying again is the cure; by then the database is in WAL mode.
 */
import { setTimeout as delay } from 'node:timers/promises';

/** https://sqlite.org/rescode.html#busy; extended codes keep it in their lowest byte. */
const sqliteBusy = 5;

const pauseMs = 20;

/** Runs `work` until it does not find the database locked, for at most `forMs`; then throws. */
export async function retryWhileBusy<Result>(work: () => Result, forMs: number): Promise<Result> {
  const deadline = performance.now() + forMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
    }
    await delay(pauseMs);
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return (Number(error.errcode) & 0xff) === sqliteBusy;
}
