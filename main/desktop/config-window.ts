/**
 * The window of the configuration editor; its X closes it. A page with unsaved changes keeps it open and
 * asks (`beforeunload`, which Electron obeys without a word of its own); when the program ends, nobody is
 * asked any more, because an answer that does not come would hold it up.
 */
import { bundleUrl } from './bundle-scheme.ts';
import { PageWindow, type WindowParts } from './page-window.ts';

/** The address of the editor's page. */
const configUrl = `${bundleUrl}config.html`;

/** Makes the editor's window, which opens when it is first shown. */
export function configWindow(parts: WindowParts, isStopped: () => boolean): PageWindow {
  const window: PageWindow = new PageWindow({
    ...parts,
    name: 'configuration editor',
    address: configUrl,
    title: 'Configuration · Project Memory Supervisor',
    size: { width: 960, height: 720, minWidth: 360, minHeight: 400 },
    onClose: () => {
      if (isStopped()) window.destroy();
    },
  });
  return window;
}
