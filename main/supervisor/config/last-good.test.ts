import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastGoodPath, loadLastGood, saveLastGood } from './last-good.ts';

const configPath = '/home/me/.config/ProjectMemory/supervisor.toml';
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-last-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the last good configuration comes back as it was, comments included', async () => {
  const place = { dataFolder: join(folder, 'data'), configPath };
  const text = '# mine\r\n[mcp]\r\nport = 4000\r\n';
  await saveLastGood(place, '[mcp]\nport = 1\n');
  await saveLastGood(place, text);
  const lastGood = await loadLastGood(place);
  expect(lastGood?.text).toBe(text);
  expect(lastGood?.config?.mcp.port).toBe(4000);
  expect(await readdir(place.dataFolder)).toHaveLength(1);
});

test('without a copy there is none, and a copy that is no longer valid does not count', async () => {
  const place = { dataFolder: folder, configPath };
  expect(await loadLastGood(place)).toBeNull();
  await writeFile(lastGoodPath(place), '[mcp]\nport = "x"\n');
  expect(await loadLastGood(place)).toBeNull();
});

test('two configurations of one user do not mix', async () => {
  const first = { dataFolder: folder, configPath };
  const second = { dataFolder: folder, configPath: '/tmp/other.toml' };
  await saveLastGood(first, '[mcp]\nport = 1\n');
  await saveLastGood(second, '[mcp]\nport = 2\n');
  expect((await loadLastGood(first))?.config?.mcp.port).toBe(1);
});

test('a text that is already kept is not written again', async () => {
  const place = { dataFolder: folder, configPath };
  await saveLastGood(place, '[mcp]\n');
  const { ino } = await stat(lastGoodPath(place));
  await saveLastGood(place, '[mcp]\n');
  expect((await stat(lastGoodPath(place))).ino).toBe(ino);
});

test.skipIf(process.platform === 'win32')(
  'the copy, which may hold secrets, is private',
  async () => {
    const place = { dataFolder: folder, configPath };
    await saveLastGood(place, '[auth]\napi_key = "0123456789abcdef"\n');
    expect((await stat(lastGoodPath(place))).mode & 0o777).toBe(0o600);
  },
);
