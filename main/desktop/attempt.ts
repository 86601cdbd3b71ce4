/**
 * The user interface is never a single point of failure: whatever a window, the tray or a menu item
 * throws ends here, in the log, together with the address where the same can be seen in a browser.
 */
import type { Logger } from 'pino';

/**
 * Runs one step of the user interface and reports its failure instead of throwing, also when the step
 * is a promise that rejects later. Returns false if it threw at once.
 */
export type Attempt = (what: string, step: () => void | Promise<void>) => boolean;

/** An {@link Attempt} that logs `Could not <what>` and where the status page (without token) is. */
export function attempts(logger: Pick<Logger, 'error'>, pageUrl: string | null): Attempt {
  const report = (what: string, error: unknown) => {
    const hint = pageUrl === null ? 'The supervisor runs on.' : `The status page is at ${pageUrl}`;
    logger.error({ err: error, pageUrl }, `Could not ${what}. ${hint}`);
  };
  return (what, step) => {
    try {
      const running = step();
      if (running instanceof Promise) running.catch((error: unknown) => report(what, error));
      return true;
    } catch (error) {
      report(what, error);
      return false;
    }
  };
}
