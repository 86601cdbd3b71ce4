import { vi } from 'vitest';
import { patience } from '../../../test/patience.ts';

/** For tests: resolves with what `check` returns as soon as it throws no more; throws its last error in the end. */
export async function eventually<Found>(check: () => Found | Promise<Found>): Promise<Found> {
  return await vi.waitFor(check, patience);
}
