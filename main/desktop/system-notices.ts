/** Notifications of the system about what happens to services, while the configuration wants them. */
import type { StatusSnapshot } from '../../shared/status.ts';
import { Notices } from './notices.ts';
import { showNotification } from './show-notification.ts';

export interface SystemNoticesOptions {
  readonly first: StatusSnapshot;
  readonly iconFile: string;
  readonly isWanted: () => boolean;
  /** The notification was clicked. */
  readonly onClick: () => void;
}

/**
 * Returns the function to call with each new state. What happens while notifications are not wanted is
 * looked at all the same, so that switching them on tells no old news.
 */
export function systemNotices(options: SystemNoticesOptions): (snapshot: StatusSnapshot) => void {
  const notices = new Notices(options.first);
  return (snapshot) => {
    const found = notices.next(snapshot, performance.now());
    if (!options.isWanted()) return;
    const { iconFile, onClick } = options;
    for (const notice of found) showNotification({ ...notice, iconFile, onClick });
  };
}
