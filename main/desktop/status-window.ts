/**
 * The main window. It does not exist until somebody wants to see it (a hidden renderer costs some 80 MB),
 * and is hidden, not closed, by its X as long as there is a tray to bring it back.
 */
import { bundleUrl } from './bundle-scheme.ts';
import { PageWindow, type WindowParts } from './page-window.ts';

export interface StatusWindowOptions extends WindowParts {
  /** What the X means at this moment. */
  readonly onCloseButton: () => 'hide' | 'quit' | 'close';
  /** The X hid the window. */
  readonly onHiddenByUser: () => void;
  readonly onQuitWanted: () => void;
}

/** Owns the window from the first wish to see it. */
export class StatusWindow {
  readonly #options: StatusWindowOptions;
  readonly #window: PageWindow;

  constructor(options: StatusWindowOptions) {
    this.#options = options;
    this.#window = new PageWindow({
      ...options,
      name: 'status window',
      address: bundleUrl,
      title: 'Project Memory Supervisor',
      size: { width: 1080, height: 760, minWidth: 360, minHeight: 480 },
      onClose: (event) => this.#onClose(event),
    });
  }

  /** Shows (and focuses) or hides the window. What goes wrong is reported, never thrown. */
  setVisible(visible: boolean): void {
    if (visible) this.#window.show();
    else this.#window.hide();
  }

  #onClose(event: Pick<Electron.Event, 'preventDefault'>): void {
    const { onCloseButton, onHiddenByUser, onQuitWanted, attempt } = this.#options;
    const meaning = onCloseButton();
    if (meaning === 'close') return;
    event.preventDefault();
    if (meaning === 'quit') {
      onQuitWanted();
      return;
    }
    this.#window.hide();
    attempt('say that the program runs on', onHiddenByUser);
  }
}
