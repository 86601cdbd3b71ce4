import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { autostartEntry, type LoginItemOptions, setLoginItem, startCommand } from './login-item.ts';

let configHome: string;
beforeEach(async () => {
  configHome = await mkdtemp(join(tmpdir(), 'pm-login-'));
});
afterEach(() => rm(configHome, { recursive: true, force: true }));

/** Electron's login items, noted. */
function optionsOn(platform: NodeJS.Platform, registered = false) {
  const told: Electron.Settings[] = [];
  const app = {
    getLoginItemSettings: () => ({ openAtLogin: registered }) as Electron.LoginItemSettings,
    setLoginItemSettings: (settings: Electron.Settings) => void told.push(settings),
  };
  const command: LoginItemOptions['command'] = ['/opt/pm/pm', '--hidden'];
  return { told, options: { app, platform, isPackaged: true, command, configHome, key: '' } };
}

test('Linux: the autostart file appears and goes with the setting', async () => {
  const { options } = optionsOn('linux');
  const file = join(configHome, 'autostart/project-memory-supervisor.desktop');
  await setLoginItem(options, true);
  expect(await readFile(file, 'utf8')).toContain('Exec="/opt/pm/pm" "--hidden"\n');
  await setLoginItem(options, false);
  expect(existsSync(file)).toBe(false);
  await setLoginItem(options, false);
});

test('Linux: what the session settings switched off stays off', async () => {
  const { options } = optionsOn('linux');
  const file = join(configHome, 'autostart/project-memory-supervisor.desktop');
  await setLoginItem(options, true);
  const off = (await readFile(file, 'utf8')).replace('enabled=true', 'enabled=false');
  await writeFile(file, off);
  await setLoginItem(options, true);
  expect(await readFile(file, 'utf8')).toBe(off);
});

test('Linux: a path with spaces, quotes, dollars and per cent signs is one argument', () => {
  expect(autostartEntry(['/my "app"/$x\\100%'])).toContain(
    String.raw`Exec="/my \\"app\\"/\\$x\\\\100%%"`,
  );
});

test('Windows: the program is registered to start hidden, once', async () => {
  const fresh = optionsOn('win32');
  await setLoginItem(fresh.options, true);
  expect(fresh.told).toEqual([{ path: '/opt/pm/pm', args: ['--hidden'], openAtLogin: true }]);
  const present = optionsOn('win32', true);
  await setLoginItem(present.options, true);
  expect(present.told).toEqual([]); // Registering again would undo what the Task Manager says.
  await setLoginItem(present.options, false);
  expect(present.told).toMatchObject([{ openAtLogin: false }]);
});

test('macOS: the packaged application is registered; another one says why not', async () => {
  const { told, options } = optionsOn('darwin');
  await setLoginItem(options, true);
  expect(told).toEqual([{ openAtLogin: true }]);
  const source = { ...options, isPackaged: false };
  await setLoginItem(source, false);
  await expect(setLoginItem(source, true)).rejects.toMatchObject({ code: 'bad_request' });
});

test('an AppImage is started by its file, a clone by its launcher', () => {
  const place = { execPath: '/tmp/.mount/pm', appPath: '/src', configFile: null };
  const env = { APPIMAGE: '/home/me/pm.AppImage', PM_SUPERVISOR_NODE: '/src/node' };
  expect(startCommand({ ...place, env, isPackaged: true })).toEqual([
    '/home/me/pm.AppImage',
    '--hidden',
  ]);
  expect(startCommand({ ...place, env, isPackaged: false, configFile: '/c.toml' })).toEqual([
    '/src/node',
    join('/src', 'scripts', 'start.mjs'),
    '--hidden',
    '--config',
    '/c.toml',
  ]);
});
