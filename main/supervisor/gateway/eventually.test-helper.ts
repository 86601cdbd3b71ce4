/**
 * For tests: waiting for what comes. Vitest's own deadlines are a second for a condition and five for a
 * test, which a busy machine exceeds; a wait that ends early says nothing about the gateway.
 */
import { vi } from 'vitest';

/** To be set as `testTimeout` where a test waits, in ms. */
export const waitingTestMs = 30_000;

const patienceMs = 15_000;

/** Resolves with what `check` returns as soon as it throws no more; throws its last error in the end. */
export async function eventually<Found>(check: () => Found | Promise<Found>): Promise<Found> {
  return await vi.waitFor(check, { timeout: patienceMs });
}
