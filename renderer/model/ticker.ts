/**
 * The page's clock: one timer for everything that shows a relative time, however many rows there
 * are. It stands still while the page is hidden and is right again the moment it is seen.
 */
export interface Ticker {
  readonly subscribe: (listener: () => void) => () => void;
  /** The moment of the last tick, milliseconds since 1970. */
  readonly getNow: () => number;
}

/** A ticker that runs while it has subscribers and the page is visible. */
export function createTicker(
  intervalMs: number,
  page: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'>,
): Ticker {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;

  function tick(): void {
    now = Date.now();
    for (const listener of listeners) listener();
  }

  function follow(): void {
    clearInterval(timer);
    if (page.hidden) return;
    tick();
    timer = setInterval(tick, intervalMs);
  }

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      if (listeners.size === 1) {
        page.addEventListener('visibilitychange', follow);
        follow();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        page.removeEventListener('visibilitychange', follow);
        clearInterval(timer);
      };
    },
    getNow: () => now,
  };
}
