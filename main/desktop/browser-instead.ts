/**
 * The way in when a window cannot be shown (old weakness W31: a GUI that did not load made the supervisor
 * invisible): a notification that opens the same page in the browser. Said once in a run, because a window
 * that does not come is asked for again and again.
 */
import type { Attempt } from './attempt.ts';
import { showNotification } from './show-notification.ts';

export interface BrowserInsteadOptions {
  readonly iconFile: string;
  /** The page for browsers; null while it is off. */
  readonly pageUrl: () => string | null;
  readonly open: (url: string) => Promise<void>;
  readonly attempt: Attempt;
}

/** Returns the function to call whenever a window turned out to be useless; it never throws. */
export function browserInstead(options: BrowserInsteadOptions): () => void {
  const { iconFile, pageUrl, open, attempt } = options;
  let said = false;
  const offer = () => {
    if (said) return;
    const url = pageUrl();
    const body =
      url === null
        ? 'The log says why. The page for browsers is off ([gui_server] enabled).'
        : `Click to see the same page in the browser: ${url}`;
    const onClick = () => {
      if (url !== null) attempt('open the page in the browser', () => open(url));
    };
    const title = 'The window could not be shown; the supervisor runs on';
    said = showNotification({ title, body, iconFile, onClick });
  };
  return () => {
    attempt('offer the page in the browser', offer);
  };
}
