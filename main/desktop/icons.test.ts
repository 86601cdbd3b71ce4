import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Health } from '../../shared/status.ts';
import { appIconFile, trayIconFile } from './icons.ts';

const root = join(import.meta.dirname, '../..');
const healths: readonly Health[] = ['healthy', 'busy', 'degraded', 'failed'];
const platforms = ['linux', 'darwin', 'win32'] as const;

test.each(platforms)('%s has a different picture for each state', async (platform) => {
  const pictures = await Promise.all(
    healths.map((health) => readFile(trayIconFile(root, platform, health), 'base64')),
  );
  expect(new Set(pictures).size).toBe(healths.length);
});

test('macOS finds templates, small and large', async () => {
  for (const health of healths) {
    const file = trayIconFile(root, 'darwin', health);
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

/** The width in the header of a PNG. */
function pngWidth(png: Buffer): number {
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  return png.readUInt32BE(16);
}
