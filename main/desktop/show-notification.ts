/**
 * Shows notifications of the system. Each is held until it is clicked or gone: Electron holds it only
 * weakly, and one that was collected meanwhile loses its click (electron issue 16922).
 */
import { Notification } from 'electron';

export interface Saying {
  readonly title: string;
  readonly body: string;
  readonly iconFile: string;
  readonly onClick: () => void;
}

/** Not every system tells when a notification has gone; the oldest is let go for the newest. */
const heldAtMost = 20;
const held = new Set<Notification>();

/** Shows it; false where the system shows none. */
export function showNotification({ title, body, iconFile, onClick }: Saying): boolean {
  if (!Notification.isSupported()) return false;
  const notification = new Notification({ title, body, icon: iconFile });
  const letGo = () => held.delete(notification);
  notification.on('click', () => {
    letGo();
    onClick();
  });
  notification.on('close', letGo);
  notification.on('failed', letGo);
  held.add(notification);
  const [oldest] = held;
  if (held.size > heldAtMost && oldest !== undefined) held.delete(oldest);
  notification.show();
  return true;
}
