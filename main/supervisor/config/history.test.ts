import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashOf } from './content-hash.ts';
import { ConfigHistory } from './history.ts';

let dataFolder = '';
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'pm-history-'));
});
afterEach(async () => {
  await rm(dataFolder, { recursive: true, force: true });
});

test('the last ten versions are kept, the newest first, also after a restart', async () => {
  const history = new ConfigHistory({ dataFolder, configPath: '/a/supervisor.toml' });
  expect(await history.list()).toEqual([]);
  // Side by side: each is counted.
  await Promise.all(Array.from({ length: 14 }, (_, index) => history.keep(`# ${index}\r\n`)));
  const again = new ConfigHistory({ dataFolder, configPath: '/a/supervisor.toml' });
  const versions = await again.list();
  const expected = Array.from({ length: 10 }, (_, index) => hashOf(`# ${13 - index}\r\n`));
  expect(versions.map(({ hash }) => hash)).toEqual(expected);
  expect(versions.map(({ bytes }) => bytes)).toEqual([6, 6, 6, 6, 5, 5, 5, 5, 5, 5]);
  const [newest] = versions;
  expect(await again.read(newest?.id ?? '')).toEqual({
    id: newest?.id,
    at: newest?.at,
    text: '# 13\r\n',
  });
  expect(Date.parse(newest?.at ?? '')).toBeGreaterThan(Date.parse(versions[1]?.at ?? ''));
});

test('the same text again is no new version, an earlier one is', async () => {
  const history = new ConfigHistory({ dataFolder, configPath: 'a' });
  for (const text of ['one', 'one', 'two', 'one']) await history.keep(text);
  expect((await history.list()).map(({ hash }) => hash)).toEqual(
    ['one', 'two', 'one'].map((text) => hashOf(text)),
  );
});

test('each configuration has its own, which only its user can read; other files are none of it', async () => {
  await new ConfigHistory({ dataFolder, configPath: 'a' }).keep('secret');
  const other = new ConfigHistory({ dataFolder, configPath: 'b' });
  expect(await other.list()).toEqual([]);
  for (const id of ['', '..', '../../x', '20261123T003614522Z-be24bd732dd8']) {
    await expect(other.read(id)).rejects.toMatchObject({ code: 'not_found' });
  }
  if (process.platform === 'win32') return;
  const [folder = ''] = await readdir(dataFolder);
  const [file = ''] = await readdir(join(dataFolder, folder));
  expect((await stat(join(dataFolder, folder, file))).mode & 0o777).toBe(0o600);
  expect((await stat(join(dataFolder, folder))).mode & 0o777).toBe(0o700);
});
