import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFile, replaceFile } from './write-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-write-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('a replaced file is readable by its user only, whatever it was before', async () => {
  const path = join(folder, 'a.json');
  await writeFile(path, 'old');
  await chmod(path, 0o644);
  await replaceFile(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
  if (process.platform !== 'win32') expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('a reader sees the old or the new text, never a part', async () => {
  const path = join(folder, 'a.json');
  const texts = ['a'.repeat(200_000), 'b'.repeat(200_000)];
  await replaceFile(path, texts[0] ?? '');
  let writing = true;
  const writer = (async () => {
    for (let turn = 1; turn <= 20; turn += 1) await replaceFile(path, texts[turn % 2] ?? '');
    writing = false;
  })();
  const seen = new Set<string>();
  while (writing) seen.add(await readFile(path, 'utf8'));
  await writer;
  expect([...seen].filter((text) => !texts.includes(text))).toEqual([]);
});

test('when a file cannot be put in its place, nothing is left behind', async () => {
  const path = join(folder, 'taken');
  await mkdir(join(path, 'inside'), { recursive: true });
  await expect(replaceFile(path, 'x')).rejects.toThrow();
  expect(await createFile(path, 'x')).toBe(false);
  expect(await readdir(folder)).toEqual(['taken']);
});
