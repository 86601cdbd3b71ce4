/** Where the generated pictures are (`scripts/make-icons.mjs`), by platform. */
import { join } from 'node:path';
import type { Health } from '../../shared/status.ts';

const folder = ['assets', 'generated'];

/** The colour of what the icon lies on. */
export type Panel = 'light' | 'dark';

/**
 * The tray picture of a state. macOS wants a black template whose name ends in `Template` (it finds the
 * `@2x` one itself, and colours it for its menu bar), Windows picks a size out of an .ico, Linux trays
 * scale one small PNG.
 */
export function trayIconFile(
  appPath: string,
  platform: NodeJS.Platform,
  health: Health,
  panel: Panel,
): string {
  if (platform === 'darwin') return join(appPath, ...folder, `tray-${health}-Template.png`);
  if (platform === 'win32') return join(appPath, ...folder, `tray-${health}-${panel}.ico`);
  return join(appPath, ...folder, `tray-${health}-${panel}-24.png`);
}

/**
 * What the tray lies on. Windows' taskbar has a setting of its own, apart from that of windows; of a Linux
 * panel nothing better is known than what windows are to look like.
 */
export function trayPanel(
  theme: Pick<
    Electron.NativeTheme,
    'shouldUseDarkColors' | 'shouldUseDarkColorsForSystemIntegratedUI'
  >,
  platform: NodeJS.Platform,
): Panel {
  const isDark =
    platform === 'win32'
      ? theme.shouldUseDarkColorsForSystemIntegratedUI
      : theme.shouldUseDarkColors;
  return isDark ? 'dark' : 'light';
}

/** The picture of windows and notifications. macOS takes it from the application bundle instead. */
export function appIconFile(appPath: string, platform: NodeJS.Platform): string {
  return join(appPath, ...folder, platform === 'win32' ? 'icon.ico' : 'icon-256.png');
}
