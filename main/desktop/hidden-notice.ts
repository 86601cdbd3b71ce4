/** Says, the first time in a run, that closing the window did not end the program. */
import { showNotification } from './show-notification.ts';

/** Returns the function to call whenever the X has hidden the window; a click on the notice is `onClick`. */
export function hiddenNotice(iconFile: string, onClick: () => void): () => void {
  let said = false;
  return () => {
    if (said) return;
    said = showNotification({
      title: 'Project Memory Supervisor runs on',
      body: 'Its icon is in the tray; open the window or quit from there.',
      iconFile,
      onClick,
    });
  };
}
