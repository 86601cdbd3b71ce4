/** The doubles of `Tray` and `Menu`: objects that a test reads and clicks. */
import { EventEmitter } from 'node:events';
import { NativeImageDouble } from './native-image.ts';
import type { MenuItemState, TrayState } from './protocol.ts';

type Template = readonly Electron.MenuItemConstructorOptions[];

class MenuItemDouble {
  readonly #options: Electron.MenuItemConstructorOptions;
  readonly items: readonly MenuItemDouble[];

  constructor(options: Electron.MenuItemConstructorOptions) {
    this.#options = options;
    const { submenu } = options;
    this.items = Array.isArray(submenu) ? submenu.map((each) => new MenuItemDouble(each)) : [];
  }

  /** The label as a person reads it: `&&` is an ampersand, a single one marks a letter. */
  get label(): string {
    return (this.#options.label ?? this.#options.role ?? '').replace(/&(&?)/g, '$1');
  }

  get isEnabled(): boolean {
    return this.#options.enabled ?? true;
  }

  press(quit: () => void): void {
    if (!this.isEnabled) throw new Error(`The menu item "${this.label}" is disabled.`);
    if (this.#options.role === 'quit') {
      quit();
      return;
    }
    const { click } = this.#options;
    // The item, window and event that Electron passes are of no use to the application.
    (click as (() => void) | undefined)?.();
  }

  describe(): MenuItemState {
    return {
      label: this.label,
      type: this.#options.type ?? (this.items.length > 0 ? 'submenu' : 'normal'),
      enabled: this.isEnabled,
      items: this.items.map((item) => item.describe()),
    };
  }
}

export class Menu {
  readonly entries: readonly MenuItemDouble[];

  constructor(template: Template) {
    this.entries = template.map((each) => new MenuItemDouble(each));
  }

  static buildFromTemplate(template: Template): Menu {
    return new Menu(template);
  }

  static setApplicationMenu(menu: Electron.Menu | null): void {
    if (menu !== null && !(menu instanceof Menu)) throw new TypeError('Not a menu.');
  }
}

export class Tray
  extends EventEmitter
  implements
    Pick<Electron.Tray, 'destroy' | 'isDestroyed' | 'setContextMenu' | 'setImage' | 'setToolTip'>
{
  static all: readonly Tray[] = [];
  #image: NativeImageDouble;
  #toolTip = '';
  #menu: Menu | null = null;

  constructor(image: Electron.NativeImage | string) {
    super();
    if (process.env['PM_DOUBLE_NO_TRAY'] === '1') throw new Error('This desktop has no tray.');
    this.#image = requirePicture(image);
    Tray.all = [...Tray.all, this];
  }

  static only(): Tray {
    const [tray] = Tray.all;
    if (tray === undefined) throw new Error('There is no tray icon.');
    return tray;
  }

  setToolTip(toolTip: string): void {
    this.#toolTip = toolTip;
  }

  setImage(image: Electron.NativeImage | string): void {
    this.#image = requirePicture(image);
  }

  setContextMenu(menu: Electron.Menu | null): void {
    if (menu !== null && !(menu instanceof Menu)) throw new TypeError('Not a menu.');
    this.#menu = menu;
  }

  destroy(): void {
    Tray.all = Tray.all.filter((tray) => tray !== this);
  }

  isDestroyed(): boolean {
    return !Tray.all.includes(this);
  }

  menuItem(path: readonly string[]): MenuItemDouble {
    let items = this.#menu?.entries ?? [];
    let found: MenuItemDouble | undefined;
    for (const label of path) {
      found = items.find((item) => item.label === label);
      items = found?.items ?? [];
    }
    if (found === undefined) throw new Error(`The tray menu has no item ${path.join(' > ')}.`);
    return found;
  }

  describe(): TrayState {
    return {
      toolTip: this.#toolTip,
      image: this.#image.file,
      items: (this.#menu?.entries ?? []).map((item) => item.describe()),
    };
  }
}

function requirePicture(image: unknown): NativeImageDouble {
  if (!(image instanceof NativeImageDouble)) throw new TypeError('Not a native image.');
  if (image.isEmpty()) throw new Error(`The picture ${image.file} is empty.`);
  return image;
}
