/** Does what a chosen tray item asks for. */
import type { Reply } from '../../shared/control-protocol.ts';
import { CodedError } from '../../shared/errors.ts';
import type { Attempt } from './attempt.ts';
import { openExternal } from './hardening.ts';
import type { TrayAction } from './tray-menu.ts';

export interface TrayActionsOptions {
  readonly control: (request: unknown) => Promise<Reply>;
  readonly showWindow: () => void;
  readonly editConfig: () => void;
  readonly clipboard: Pick<Electron.Clipboard, 'writeText'>;
  readonly shell: Pick<Electron.Shell, 'openExternal'>;
  readonly app: Pick<Electron.App, 'quit'>;
  readonly attempt: Attempt;
}

/** Returns the function that performs an action; what goes wrong is reported, never thrown. */
export function trayActions(options: TrayActionsOptions): (action: TrayAction) => void {
  const { control, showWindow, editConfig, clipboard, shell, app, attempt } = options;
  const steps = (action: TrayAction): (() => void | Promise<void>) => {
    switch (action.do) {
      case 'control':
        return async () => {
          const reply = await control(action.request);
          if (!reply.ok) throw new CodedError(reply.code, reply.error);
        };
      case 'open-window':
        return showWindow;
      case 'edit-config':
        return editConfig;
      case 'copy':
        return () => clipboard.writeText(action.text);
      case 'open-url':
        return () => openExternal(shell, action.url);
      case 'quit':
        return () => app.quit();
    }
  };
  return (action) => {
    attempt(`carry out "${nameOf(action)}" of the tray menu`, steps(action));
  };
}

function nameOf(action: TrayAction): string {
  return action.do === 'control' ? `${action.request.type} ${action.request.service}` : action.do;
}
