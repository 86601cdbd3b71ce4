import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeConfigFile } from './config-file.ts';
import { hashOf } from './content-hash.ts';
import { loadConfig } from './load-config.ts';

const isWindows = process.platform === 'win32';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-config-file-'));
  path = join(folder, 'supervisor.toml');
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('W33 what is saved is the text as it was given: comments, order, CRLF and byte order mark', async () => {
  const before = '# mine\r\n[mcp]\r\nport = 0\r\n';
  await writeFile(path, before);
  const text = '\uFEFF# mine, still\r\n\r\n[dashboard] # first\r\nport = 0\r\n[mcp]\r\nport = 0';
  await writeConfigFile(path, text, hashOf(before));
  expect(await readFile(path)).toEqual(Buffer.from(text));
  const loaded = await loadConfig(path);
  expect([loaded.raw, loaded.hash]).toEqual([text, hashOf(text)]);
  // Nothing is left beside it.
  expect(await readdir(folder)).toEqual(['supervisor.toml']);
});

test('a file that somebody else changed, removed or made meanwhile is not overwritten', async () => {
  await writeFile(path, 'theirs');
  await expect(writeConfigFile(path, 'ours', hashOf('known'))).rejects.toMatchObject({
    code: 'config_conflict',
  });
  expect(await readFile(path, 'utf8')).toBe('theirs');
  // We knew of none.
  await expect(writeConfigFile(path, 'ours', '')).rejects.toMatchObject({
    code: 'config_conflict',
  });
  await rm(path);
  await expect(writeConfigFile(path, 'ours', hashOf('theirs'))).rejects.toThrow(
    /not there any more/,
  );
  expect(await readdir(folder)).toEqual([]);
  await writeConfigFile(path, 'ours', '');
  expect(await readFile(path, 'utf8')).toBe('ours');
});

test.skipIf(isWindows)(
  'the file keeps its permissions; a new one is its user’s alone',
  async () => {
    await writeConfigFile(path, 'a', '');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o664);
    await writeConfigFile(path, 'b', hashOf('a'));
    expect((await stat(path)).mode & 0o777).toBe(0o664);
  },
);

test.skipIf(isWindows || process.getuid?.() !== 0)('the file keeps its owner', async () => {
  await writeFile(path, 'a');
  const { chown } = await import('node:fs/promises');
  await chown(path, 4242, 4243);
  await writeConfigFile(path, 'b', hashOf('a'));
  expect(await stat(path)).toMatchObject({ uid: 4242, gid: 4243 });
});

test.skipIf(isWindows)('a symbolic link stays one: what it leads to is replaced', async () => {
  const real = join(folder, 'dotfiles.toml');
  await symlink('dotfiles.toml', path);
  // It leads to nothing yet.
  await writeConfigFile(path, 'a', '');
  await chmod(real, 0o640);
  await writeConfigFile(path, 'b', hashOf('a'));
  expect((await lstat(path)).isSymbolicLink()).toBe(true);
  expect(await readFile(real, 'utf8')).toBe('b');
  expect((await stat(real)).mode & 0o777).toBe(0o640);
});

test('a disk that does not take it says why, and the old file is as it was', async () => {
  const inFile = join(path, 'supervisor.toml');
  await writeFile(path, 'a folder cannot be where a file is');
  await expect(writeConfigFile(inFile, 'b', '')).rejects.toMatchObject({
    code: 'config_unwritable',
    message: expect.stringContaining(inFile),
  });
  expect(await readdir(folder)).toEqual(['supervisor.toml']);
});

test.skipIf(isWindows)('a file that may not be written stays', async ({ skip }) => {
  skip(process.getuid?.() === 0, 'root may write to any file');
  await writeFile(path, 'a');
  await chmod(path, 0o444);
  await expect(writeConfigFile(path, 'b', hashOf('a'))).rejects.toMatchObject({
    code: 'config_unwritable',
  });
  expect(await readFile(path, 'utf8')).toBe('a');
});
