import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import trayColours from '../../assets/tray-colours.json' with { type: 'json' };
import type { Health } from '../../shared/status.ts';
import { appIconFile, type Panel, trayIconFile, trayPanel } from './icons.ts';

const root = join(import.meta.dirname, '../..');
const healths: readonly Health[] = ['healthy', 'busy', 'degraded', 'failed'];
const platforms = ['linux', 'darwin', 'win32'] as const;

const panels: readonly Panel[] = ['light', 'dark'];

test.each(platforms)('W34 %s has a different picture for each state', async (platform) => {
  for (const panel of panels) {
    const pictures = await Promise.all(
      healths.map((health) => readFile(trayIconFile(root, platform, health, panel), 'base64')),
    );
    expect(new Set(pictures).size).toBe(healths.length);
  }
});

test.each(['linux', 'win32'] as const)(
  '%s has pictures for light and for dark panels',
  async (platform) => {
    for (const health of healths) {
      const [light, dark] = await Promise.all(
        panels.map((panel) => readFile(trayIconFile(root, platform, health, panel), 'base64')),
      );
      expect(light).not.toBe(dark);
    }
  },
);

// WCAG 2.2, 1.4.11: what tells a state stands out from its background by three to one.
test.each([
  ['light', '#e8e8e8'],
  ['light', '#000000'], // GNOME's bar is black, whatever windows look like.
  ['dark', '#2b2b2b'],
] as const)('pictures for %s panels can be told from %s', (panel, background) => {
  for (const health of healths) {
    expect(contrast(trayColours[panel][health], background)).toBeGreaterThanOrEqual(3);
  }
});

test('Windows asks for its taskbar, Linux for its windows', () => {
  const theme = { shouldUseDarkColors: false, shouldUseDarkColorsForSystemIntegratedUI: true };
  expect([trayPanel(theme, 'win32'), trayPanel(theme, 'linux')]).toEqual(['dark', 'light']);
});

test('macOS finds templates, small and large', async () => {
  for (const health of healths) {
    const file = trayIconFile(root, 'darwin', health, 'light');
    expect(file).toMatch(/Template\.png$/);
    expect(pngWidth(await readFile(file))).toBe(16);
    expect(pngWidth(await readFile(file.replace('.png', '@2x.png')))).toBe(32);
  }
});

test('a Windows icon holds a picture for every scale, each where the directory says', async () => {
  const ico = await readFile(appIconFile(root, 'win32'));
  const widths = Array.from({ length: ico.readUInt16LE(4) }, (_, index) => {
    const entry = 6 + 16 * index;
    const picture = ico.subarray(ico.readUInt32LE(entry + 12));
    expect(ico.readUInt8(entry)).toBe(pngWidth(picture) % 256);
    return pngWidth(picture);
  });
  expect(widths).toEqual([16, 20, 24, 32, 40, 48, 64, 256]);
});

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The width in the header of a PNG. */
function pngWidth(png: Buffer): number {
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  return png.readUInt32BE(16);
}
