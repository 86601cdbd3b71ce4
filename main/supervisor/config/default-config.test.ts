import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { configSections } from '../../../shared/config-keys.ts';
import { defaultConfig } from '../../../shared/config-schema.ts';
import { defaultConfigText, writeDefaultConfig } from './default-config.ts';
import { loadConfig, parseConfig } from './load-config.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-default-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The text with the # before every key and header removed; prose has a space behind its #. */
const uncommented = defaultConfigText.replace(/^#(?! )/gm, '');

test('the default file has no problem and means the defaults', () => {
  expect(parseConfig(defaultConfigText)).toEqual({ config: defaultConfig, problems: [] });
});

test('the default file shows every section and key', () => {
  for (const { path, repeated, keys } of configSections) {
    const header = repeated ? `[[${path}]]` : `[${path}]`;
    const section = uncommented.split(`\n${header}\n`)[1]?.split(/\n\[/)[0] ?? '';
    for (const { name } of keys) expect(section, path).toContain(`\n${name} = `);
  }
});

test('every key of the default file can be switched on as it stands, but no known secret', () => {
  // Keys that exclude others are shown beside them; of those one is switched on.
  const notForMcp = /^(mcp|base_port|readiness_\w+|on_supervisor_exit) = .*\n/gm;
  const compatible = uncommented
    .replace(/^(readiness_tcp|readiness_log) = .*\n/gm, '')
    .split(/^(?=\[)/m)
    .map((text) => (text.startsWith('[[servers]]') ? text.replace(notForMcp, '') : text))
    .join('');
  const { problems } = parseConfig(compatible);
  expect(problems.map(({ message }) => message)).toEqual([
    'auth.api_key: must be 16 or more ASCII characters without spaces',
    'auth.clients has no effect while the gateway asks nobody: add gateway = true to [auth]',
    'auth.clients.token: must be 16 or more ASCII characters without spaces',
  ]);
  const withSecret = compatible
    .replace('your own secret', 'abcdefghijklmnop')
    .replace('its own secret', 'ponmlkjihgfedcba');
  const { config } = parseConfig(withSecret);
  expect(config?.reconnect).toEqual(defaultConfig.reconnect);
  expect(config?.supervisor.control_pipe).toBe(defaultConfig.supervisor.control_pipe);
  expect(config?.servers).toHaveLength(1);
});

test('no line of the default file is wider than 100 characters', () => {
  expect(defaultConfigText.split('\n').filter((line) => line.length > 100)).toEqual([]);
});

test('the default file is written into folders that are missing, for its user only', async () => {
  const path = join(folder, 'a', 'ProjectMemory', 'supervisor.toml');
  expect(await writeDefaultConfig(path)).toBe(true);
  expect(await loadConfig(path)).toMatchObject({
    config: defaultConfig,
    problems: [],
    text: defaultConfigText,
  });
  expect(await readdir(join(folder, 'a', 'ProjectMemory'))).toEqual(['supervisor.toml']);
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('W33 a file that exists is never overwritten', async () => {
  const path = join(folder, 'supervisor.toml');
  await writeFile(path, '# mine\n');
  expect(await writeDefaultConfig(path)).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('# mine\n');
  expect(await readdir(folder)).toEqual(['supervisor.toml']);
});

test.skipIf(process.platform === 'win32')('a link to nowhere is not overwritten', async () => {
  const path = join(folder, 'supervisor.toml');
  await symlink(join(folder, 'elsewhere.toml'), path);
  expect(await writeDefaultConfig(path)).toBe(false);
  expect(await readdir(folder)).toEqual(['supervisor.toml']);
});

test('of several that start at once, exactly one writes the file', async () => {
  const path = join(folder, 'supervisor.toml');
  const results = await Promise.all(Array.from({ length: 8 }, () => writeDefaultConfig(path)));
  expect(results.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(defaultConfigText);
  expect(await readdir(folder)).toEqual(['supervisor.toml']);
});
