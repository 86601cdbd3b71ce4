import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadToken } from './control-token.ts';

const hasModes = process.platform !== 'win32';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-token-'));
  file = join(folder, 'data', 'control-token');
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('the token is made once, is long, and survives restarts', async () => {
  const token = await loadToken(file);
  expect(token).toMatch(/^[\w-]{32,}$/);
  expect(await loadToken(file)).toBe(token);
  expect(await readFile(file, 'utf8')).toBe(`${token}\n`);
  expect(await loadToken(join(folder, 'other', 'control-token'))).not.toBe(token);
});

test.runIf(hasModes)(
  'only the user can read it, even if the file was readable before',
  async () => {
    await loadToken(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
    await chmod(file, 0o644);
    await loadToken(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  },
);

test.each([
  ['too short', 'short\n'],
  ['empty', ''],
  ['cut off by a crash', '\0'.repeat(32)],
  ['several lines', `${'a'.repeat(20)}\n${'b'.repeat(20)}\n`],
  ['binary', Buffer.from([0xff, 0xfe, ...Array<number>(30).fill(0xc3)])],
  ['not fit for a header', 'ein-Schlüssel-mit-ü-und-mehr'],
])('a file that is %s is replaced by a good one, for the user only', async (_what, content) => {
  await mkdir(join(folder, 'data'));
  await writeFile(file, content, { mode: 0o666 });
  const token = await loadToken(file);
  expect(token).toMatch(/^[\w-]{32,}$/);
  expect(await loadToken(file)).toBe(token);
  if (hasModes) expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(folder, 'data'))).toEqual(['control-token']);
});

test('a token that the user wrote into the file is taken, whatever the line end', async () => {
  await mkdir(join(folder, 'data'));
  await writeFile(file, 'my-own!secret/of+16=chars\r\n');
  expect(await loadToken(file)).toBe('my-own!secret/of+16=chars');
});

test('several first starts at once agree on one token', async () => {
  const tokens = await Promise.all(Array.from({ length: 8 }, () => loadToken(file)));
  expect(new Set(tokens).size).toBe(1);
});

test('what is there and cannot be read is not silently replaced', async () => {
  await mkdir(file, { recursive: true });
  await expect(loadToken(file)).rejects.toThrow(/EISDIR/);
});
