/** Broken connections arrive before the news that their instance has ended. */
import { setTimeout as delay } from 'node:timers/promises';

/** How long the news may take, in ms. */
const newsMs = 1_000;

/** Resolves when `ended` aborts, when `hungUp` does, because nobody waits any more, or when no news come. */
export async function newsOfEnd(ended: AbortSignal, hungUp: AbortSignal): Promise<void> {
  if (ended.aborted || hungUp.aborted) return;
  const over = new AbortController();
  const { signal } = over;
  const heard = new Promise<void>((resolve) => {
    for (const each of [ended, hungUp]) each.addEventListener('abort', () => resolve(), { signal });
  });
  const tooLong = delay(newsMs, undefined, { ref: false, signal });
  await Promise.race([heard, tooLong]);
  tooLong.catch(() => {});
  over.abort();
}
