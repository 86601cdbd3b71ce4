import { expect, test } from 'vitest';
import { type Config, configSchema } from '../../../shared/config-schema.ts';
import { configPath, dataFolder, resolveFolder, runtimeFolder } from './config-path.ts';

const linux = {
  env: {},
  platform: 'linux',
  homedir: '/home/me',
  option: null,
  cwd: '/work',
} as const;
const windows = {
  env: { APPDATA: 'C:\\Users\\me\\AppData\\Roaming' },
  platform: 'win32',
  homedir: 'C:\\Users\\me',
  option: null,
  cwd: 'D:\\work',
} as const;

function configWith(dataDir: string): Config {
  return configSchema.parse({ supervisor: { data_dir: dataDir } });
}

test('the configuration is where the old supervisor had it, and its clients look', () => {
  expect(configPath(linux)).toBe('/home/me/.config/ProjectMemory/supervisor.toml');
  expect(configPath({ ...linux, env: { XDG_CONFIG_HOME: '/x', APPDATA: '/y' } })).toBe(
    '/home/me/.config/ProjectMemory/supervisor.toml',
  );
  expect(configPath({ ...linux, platform: 'darwin', homedir: '/Users/me' })).toBe(
    '/Users/me/.config/ProjectMemory/supervisor.toml',
  );
  expect(configPath(windows)).toBe(
    'C:\\Users\\me\\AppData\\Roaming\\ProjectMemory\\supervisor.toml',
  );
  expect(configPath({ ...windows, env: {} })).toBe(
    'C:\\Users\\me\\.config\\ProjectMemory\\supervisor.toml',
  );
});

test('--config wins over PM_SUPERVISOR_CONFIG, and both over the usual place', () => {
  const env = { PM_SUPERVISOR_CONFIG: '/etc/pms.toml' };
  expect(configPath({ ...linux, env })).toBe('/etc/pms.toml');
  expect(configPath({ ...linux, env, option: '/tmp/x.toml' })).toBe('/tmp/x.toml');
  expect(configPath({ ...linux, env: { PM_SUPERVISOR_CONFIG: ' ' } })).toBe(configPath(linux));
});

test('a relative configuration path counts from the working folder', () => {
  expect(configPath({ ...linux, option: '../x.toml' })).toBe('/x.toml');
  expect(configPath({ ...windows, option: 'x.toml' })).toBe('D:\\work\\x.toml');
});

test('the data folder: data_dir, PM_DATA_ROOT, then the usual place of the system', () => {
  const where = { ...linux, configPath: configPath(linux) };
  const env = { PM_DATA_ROOT: '/data', XDG_DATA_HOME: '/xdg' };
  expect(dataFolder(configWith('/mine'), { ...where, env })).toBe('/mine');
  expect(dataFolder(null, { ...where, env })).toBe('/data');
  expect(dataFolder(null, { ...where, env: { XDG_DATA_HOME: '/xdg' } })).toBe('/xdg/ProjectMemory');
  expect(dataFolder(null, where)).toBe('/home/me/.local/share/ProjectMemory');
  expect(dataFolder(null, { ...windows, configPath: configPath(windows) })).toBe(
    'C:\\Users\\me\\AppData\\Roaming\\ProjectMemory',
  );
});

test('a relative XDG folder is ignored, as the specification demands', () => {
  const where = { ...linux, configPath: configPath(linux), env: { XDG_DATA_HOME: 'data' } };
  expect(dataFolder(null, where)).toBe('/home/me/.local/share/ProjectMemory');
});

test('relative folders in the file count from the file, ~ is the home folder', () => {
  const where = { ...linux, configPath: '/etc/pms/supervisor.toml' };
  expect(dataFolder(configWith('data'), where)).toBe('/etc/pms/data');
  expect(dataFolder(configWith('~/data'), where)).toBe('/home/me/data');
  expect(resolveFolder('~', where)).toBe('/home/me');
  expect(resolveFolder('~other', where)).toBe('/etc/pms/~other');
  const onWindows = { ...windows, configPath: 'C:\\cfg\\supervisor.toml' };
  expect(resolveFolder('~\\data', onWindows)).toBe('C:\\Users\\me\\data');
  expect(resolveFolder('..\\data', onWindows)).toBe('C:\\data');
});

test('the runtime folder is private: the session’s own, or one that carries the user’s id', () => {
  const where = { env: {}, platform: 'linux', tmpdir: '/tmp', uid: 1000 } as const;
  expect(runtimeFolder({ ...where, env: { XDG_RUNTIME_DIR: '/run/user/1000' } })).toBe(
    '/run/user/1000/project-memory-supervisor',
  );
  expect(runtimeFolder(where)).toBe('/tmp/project-memory-supervisor-1000');
  expect(runtimeFolder({ ...where, platform: 'win32', tmpdir: 'C:\\T', uid: 'me' })).toBe(
    'C:\\T\\project-memory-supervisor-me',
  );
});
