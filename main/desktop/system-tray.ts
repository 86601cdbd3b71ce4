/** The tray icon on a real tray: Electron's objects behind the port of `tray.ts`. */
import { Menu, type NativeImage, nativeImage, Tray } from 'electron';
import type { Health } from '../../shared/status.ts';
import { type Panel, trayIconFile } from './icons.ts';
import { type TrayPort, toTemplate } from './tray.ts';
import type { TrayAction } from './tray-menu.ts';

/** Creates the icon; throws where the system has no tray. */
export function createSystemTray(
  image: NativeImage,
  perform: (action: TrayAction) => void,
): TrayPort<NativeImage> {
  const tray = new Tray(image);
  // On macOS and most Linux trays a click opens the menu; where it does not, it means the window.
  if (process.platform !== 'darwin') tray.on('click', () => perform({ do: 'open-window' }));
  return {
    setToolTip: (text) => tray.setToolTip(text),
    setImage: (next) => tray.setImage(next),
    setMenu: (items) => tray.setContextMenu(Menu.buildFromTemplate(toTemplate(items, perform))),
    destroy: () => tray.destroy(),
  };
}

/** The picture of a state; throws if the file is missing, because an empty icon is an invisible one. */
export function trayImage(appPath: string, health: Health, panel: Panel): NativeImage {
  const file = trayIconFile(appPath, process.platform, health, panel);
  const image = nativeImage.createFromPath(file);
  if (image.isEmpty()) throw new Error(`The tray icon ${file} is missing or unreadable.`);
  return image;
}
