/** Where the generated pictures are (`scripts/make-icons.mjs`), by platform. */
import { join } from 'node:path';
import type { Health } from '../../shared/status.ts';

const folder = ['assets', 'generated'];

/**
 * The tray picture of a state. macOS wants a black template whose name ends in `Template` (it finds the
 * `@2x` one itself), Windows picks a size out of an .ico, Linux trays scale one small PNG.
 */
export function trayIconFile(appPath: string, platform: NodeJS.Platform, health: Health): string {
  if (platform === 'darwin') return join(appPath, ...folder, `tray-${health}-Template.png`);
  if (platform === 'win32') return join(appPath, ...folder, `tray-${health}.ico`);
  return join(appPath, ...folder, `tray-${health}-24.png`);
}

/** The picture of windows and notifications. macOS takes it from the application bundle instead. */
export function appIconFile(appPath: string, platform: NodeJS.Platform): string {
  return join(appPath, ...folder, platform === 'win32' ? 'icon.ico' : 'icon-256.png');
}
