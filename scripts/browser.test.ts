import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ensureBrowser } from './browser.mjs';

const say = () => undefined;
const machine = (over: Partial<Parameters<typeof ensureBrowser>[0]['machine'] & object>) => ({
  env: {},
  platform: 'linux' as NodeJS.Platform,
  isRoot: false,
  exists: (_path: string) => false,
  ...over,
});

test('CHROMIUM comes first; the quick headless shell before the others', async () => {
  const everything = machine({ env: { CHROMIUM: '/mine' }, exists: () => true });
  expect(await ensureBrowser({ machine: everything, install: false, say })).toEqual({
    path: '/mine',
  });
  const without = machine({ exists: () => true });
  expect(await ensureBrowser({ machine: without, install: false, say })).toEqual({
    path: '/usr/bin/chromium-headless-shell',
  });
});

test.each([
  ['darwin', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
  ['win32', 'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe'],
] as const)('on %s Chrome is found where it is usually installed', async (platform, path) => {
  const env = { ProgramFiles: 'C:\\Program Files' };
  const found = await ensureBrowser({
    machine: machine({ env, platform, exists: (each) => each === path }),
    install: true,
    say,
  });
  expect(found).toEqual({ path });
});

test('a CHROMIUM that is no file is named, not passed over', async () => {
  const found = await ensureBrowser({
    machine: machine({ env: { CHROMIUM: '/gone' } }),
    install: true,
    say,
  });
  expect(found).toEqual({
    missing: 'CHROMIUM=/gone is no file; set it to a Chromium, or unset it',
  });
});

test('a machine without apt, or without root, gets one line that says how', async () => {
  const line =
    'no Chromium was found; install one (Debian: sudo apt-get install chromium-headless-shell), or set CHROMIUM to the path of one';
  for (const isRoot of [true, false]) {
    const found = await ensureBrowser({ machine: machine({ isRoot }), install: true, say });
    expect(found).toEqual({ missing: line });
  }
});

test.skipIf(process.platform === 'win32')(
  'as root on Debian it is installed; a failure is one line',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pm-browser-test-'));
    try {
      const apt = join(folder, 'apt-get');
      const browser = join(folder, 'chromium-headless-shell');
      const asked: string[] = [];
      const debian = machine({
        env: { PATH: `${folder}:/usr/bin:/bin` },
        isRoot: true,
        exists: (path) => path === apt || (path === browser && existsSync(browser)),
      });
      const ensure = () =>
        ensureBrowser({ machine: debian, install: true, say: (line) => asked.push(line) });

      await writeFile(apt, '#!/bin/sh\necho "E: Unable to locate package" >&2; exit 100\n');
      await chmod(apt, 0o755);
      expect(await ensure()).toEqual({
        missing:
          'apt-get update failed (E: Unable to locate package); install a Chromium and set CHROMIUM to its path',
      });

      await writeFile(apt, `#!/bin/sh\ncase "$*" in *install*-y*) : > ${browser};; esac\n`);
      expect(await ensure()).toEqual({ path: browser });
      expect(asked).toHaveLength(2);
      expect(await ensure()).toEqual({ path: browser });
      expect(asked).toHaveLength(2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
