/**
 * The tray icon: one `render(snapshot)`, everything else follows from the snapshot. Snapshots may come
 * as fast as they like; the operating system is told at most every 250 ms, the picture changes at
 * most once a second (a flickering icon tells nothing, and macOS redraws its whole menu bar for it),
 * and the menu is replaced only when it differs, because replacing closes it under the user's hand.
 */
import { assertNever } from '../../shared/assert-never.ts';
import type { Health, StatusSnapshot } from '../../shared/status.ts';
import { overallHealth, trayTooltip } from '../../shared/wording.ts';
import type { Attempt } from './attempt.ts';
import type { Panel } from './icons.ts';
import { type TrayAction, type TrayItem, trayMenu } from './tray-menu.ts';

const updateIntervalMs = 250;
const iconIntervalMs = 1_000;

/** The part of Electron's `Tray` that is used, so that a test can stand in for it. */
export type TrayPort<Image> = Pick<Electron.Tray, 'setToolTip' | 'destroy'> & {
  setImage(image: Image): void;
  setMenu(items: readonly TrayItem[]): void;
};

export interface TrayIconOptions<Image> {
  /** Creates the tray; throws where there is none. */
  readonly create: (image: Image) => TrayPort<Image>;
  readonly image: (health: Health, panel: Panel) => Image;
  /** What the icon lies on at this moment. */
  readonly panel: () => Panel;
  readonly attempt: Attempt;
}

interface Picture {
  readonly health: Health;
  readonly panel: Panel;
}

function nameOf({ health, panel }: Picture): string {
  return `${health} ${panel}`;
}

/** Owns the tray icon from its creation to `dispose`. */
export class TrayIcon<Image> implements Disposable {
  readonly #options: TrayIconOptions<Image>;
  readonly #images = new Map<string, Image>();
  readonly #tray: TrayPort<Image>;
  #snapshot: StatusSnapshot;
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #updatedAtMs = Number.NEGATIVE_INFINITY;
  #iconChangedAtMs = performance.now();
  /** The picture that is shown. */
  #shown: Picture;
  #tooltip = '';
  #menu = '';

  /** Shows the icon with its menu; throws what the operating system's refusal throws. */
  constructor(options: TrayIconOptions<Image>, snapshot: StatusSnapshot) {
    this.#options = options;
    this.#snapshot = snapshot;
    this.#shown = this.#wanted();
    this.#tray = options.create(this.#image(this.#shown));
    this.#update();
  }

  /** Shows this state, soon; of several states in a short time only the last. */
  render(snapshot: StatusSnapshot): void {
    this.#snapshot = snapshot;
    this.#updateNoSoonerThan(this.#updatedAtMs + updateIntervalMs);
  }

  /** The panel may have changed its colour. */
  repaint(): void {
    this.#updateNoSoonerThan(this.#updatedAtMs + updateIntervalMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#dueAtMs = Number.NEGATIVE_INFINITY; // Nothing is due any more.
    this.#tray.destroy();
  }

  #updateNoSoonerThan(dueAtMs: number): void {
    if (dueAtMs >= this.#dueAtMs) return; // An update that comes earlier shows the same.
    clearTimeout(this.#timer);
    this.#dueAtMs = dueAtMs;
    this.#timer = setTimeout(
      () => {
        this.#dueAtMs = Number.POSITIVE_INFINITY;
        this.#options.attempt('update the tray', () => this.#update());
      },
      Math.max(0, dueAtMs - performance.now()),
    );
  }

  /** What was shown is remembered only after it was: what failed is tried again with the next state. */
  #update(): void {
    this.#updatedAtMs = performance.now();
    this.#updateTooltip();
    this.#updateMenu();
    this.#updateIcon();
  }

  #updateTooltip(): void {
    const tooltip = trayTooltip(this.#snapshot);
    if (tooltip === this.#tooltip) return;
    this.#tray.setToolTip(tooltip);
    this.#tooltip = tooltip;
  }

  #updateMenu(): void {
    const items = trayMenu(this.#snapshot);
    const menu = JSON.stringify(items);
    if (menu === this.#menu) return;
    this.#tray.setMenu(items);
    this.#menu = menu;
  }

  #updateIcon(): void {
    const wanted = this.#wanted();
    if (nameOf(wanted) === nameOf(this.#shown)) return;
    const dueAtMs = this.#iconChangedAtMs + iconIntervalMs;
    if (performance.now() < dueAtMs) {
      this.#updateNoSoonerThan(dueAtMs);
      return;
    }
    this.#iconChangedAtMs = performance.now();
    this.#tray.setImage(this.#image(wanted));
    this.#shown = wanted;
  }

  #wanted(): Picture {
    return { health: overallHealth(this.#snapshot), panel: this.#options.panel() };
  }

  #image(picture: Picture): Image {
    const known = this.#images.get(nameOf(picture));
    if (known !== undefined) return known;
    const image = this.#options.image(picture.health, picture.panel);
    this.#images.set(nameOf(picture), image);
    return image;
  }
}

/** The menu's data as Electron wants it; `perform` does what a chosen item asks for. */
export function toTemplate(
  items: readonly TrayItem[],
  perform: (action: TrayAction) => void,
): Electron.MenuItemConstructorOptions[] {
  return items.map((item) => toMenuItem(item, perform));
}

function toMenuItem(
  item: TrayItem,
  perform: (action: TrayAction) => void,
): Electron.MenuItemConstructorOptions {
  if (item.kind === 'separator') return { type: 'separator' };
  // In a menu label `&` marks the letter to press; `R&D` would lose its ampersand.
  const label = item.label.replaceAll('&', '&&');
  switch (item.kind) {
    case 'text':
      return { label, enabled: false };
    case 'submenu':
      return { label, submenu: toTemplate(item.items, perform) };
    case 'action': {
      const { action } = item;
      return action === null ? { label, enabled: false } : { label, click: () => perform(action) };
    }
    default:
      return assertNever(item);
  }
}
