/** Which of the two backends of the desktop tests this machine has. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright/test';

/** The Chromium to show the double's windows in. */
export function findChromium(): string | undefined {
  return [
    process.env['PM_TEST_CHROMIUM'],
    '/usr/bin/chromium-headless-shell',
    '/usr/bin/chromium',
    chromium.executablePath(),
  ].find((file) => file !== undefined && file !== '' && existsSync(file));
}

/** That Chromium, running. For programs: throws a sentence where there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error('There is no Chromium; set PM_TEST_CHROMIUM to the path of one.');
  }
  return await chromium.launch({
    executablePath,
    // Chromium's sandbox cannot be set up by root (crbug.com/638180), which is who CI is.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

/** True if Electron's binary was fetched and there is a display to start it on. */
export function hasElectron(): boolean {
  const hasDisplay =
    process.platform !== 'linux' ||
    (process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY'] ?? '') !== '';
  return hasDisplay && electronFile() !== undefined;
}

/** For the report: a run on the double is no test on Electron. */
export function backendName(): string {
  return hasElectron() ? 'Electron' : 'the double of Electron';
}

/** The binary, found without `require('electron')`, which would start to download one. */
export function electronFile(): string | undefined {
  const folder = join(createRequire(import.meta.url).resolve('electron/package.json'), '..');
  const nameFile = join(folder, 'path.txt'); // Written when the binary was unpacked.
  if (!existsSync(nameFile)) return undefined;
  const dist = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist');
  const file = join(dist, readFileSync(nameFile, 'utf8'));
  return existsSync(file) ? file : undefined;
}
