/** Says, the first time in a run, that closing the window did not end the program. */
import { Notification } from 'electron';

/** Returns the function to call whenever the X has hidden the window. */
export function hiddenNotice(iconFile: string): () => void {
  let said = false;
  return () => {
    if (said || !Notification.isSupported()) return;
    said = true;
    new Notification({
      title: 'Project Memory Supervisor runs on',
      body: 'Its icon is in the tray; open the window or quit from there.',
      icon: iconFile,
    }).show();
  };
}
