import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findDataRoot } from './data-root.ts';

const home = join('/', 'home', 'dev');

function find(platform: NodeJS.Platform, env: Readonly<Record<string, string>>): string {
  return findDataRoot({ env, home, platform });
}

test('PM_DATA_ROOT is the data folder itself', () => {
  const env = { PM_DATA_ROOT: '/data', APPDATA: '/roaming', XDG_DATA_HOME: '/xdg' };
  expect(find('win32', env)).toBe('/data');
  expect(find('linux', env)).toBe('/data');
});

test('on Windows the data is in the roaming application data', () => {
  const env = { APPDATA: '/roaming', XDG_DATA_HOME: '/xdg' };
  expect(find('win32', env)).toBe(join('/roaming', 'ProjectMemory'));
  expect(find('win32', {})).toBe(join(home, 'AppData', 'Roaming', 'ProjectMemory'));
});

test('elsewhere the data is in the XDG data folder, by default ~/.local/share', () => {
  const env = { APPDATA: '/roaming', XDG_DATA_HOME: '/xdg' };
  expect(find('linux', env)).toBe(join('/xdg', 'ProjectMemory'));
  const usual = join(home, '.local', 'share', 'ProjectMemory');
  expect(find('linux', {})).toBe(usual);
  expect(find('linux', { XDG_DATA_HOME: 'relative' })).toBe(usual);
});
