import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { appUserModelId, followDock, keepCrashDumps } from './identity.ts';

const root = join(import.meta.dirname, '../..');

test('Windows knows the running program by the name of its installed shortcut', async () => {
  const settings = await readFile(join(root, 'electron-builder.yml'), 'utf8');
  expect(settings).toContain(`\nappId: ${appUserModelId}\n`);
});

test('Linux finds the desktop entry of the package by the name that the program gives', async () => {
  const settings = await readFile(join(root, 'electron-builder.yml'), 'utf8');
  const { desktopName } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const [, executable] = /^linux:[\s\S]*?executableName: (\S+)$/m.exec(settings) ?? [];
  expect(desktopName).toBe(`${executable}.desktop`);
});

test('S+ crash dumps stay on this machine, with nothing added to them', () => {
  const start = vi.fn();
  keepCrashDumps({ start });
  expect(start.mock.calls).toEqual([[{ uploadToServer: false }]]);
});

/** A dock that notes whether the program is in it. */
function dockOf() {
  const told: string[] = [];
  const dock = { show: async () => void told.push('in'), hide: () => void told.push('out') };
  const app = Object.assign(new EventEmitter(), { dock });
  return { app: app as unknown as EventEmitter & Pick<Electron.App, 'dock' | 'on'>, told };
}

test('macOS: the program is in the dock while one of its windows can be seen', () => {
  const { app, told } = dockOf();
  let visible = false;
  followDock(app, () => visible, vi.fn());
  const window = new EventEmitter();
  app.emit('browser-window-created', {}, window);
  visible = true;
  window.emit('show');
  visible = false;
  window.emit('hide');
  window.emit('closed');
  expect(told).toEqual(['out', 'in', 'out', 'out']);
});

test('where there is no dock nothing is asked of it', () => {
  const app = new EventEmitter();
  followDock(app as unknown as Pick<Electron.App, 'dock' | 'on'>, () => true, vi.fn());
  expect(app.listenerCount('browser-window-created')).toBe(0);
});
