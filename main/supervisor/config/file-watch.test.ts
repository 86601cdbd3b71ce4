import { appendFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileWatch } from './file-watch.ts';

let folder = '';
let path = '';
let told = 0;
let watched: FileWatch | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-watch-'));
  path = join(folder, 'supervisor.toml');
  told = 0;
});
afterEach(async () => {
  watched?.close();
  await rm(folder, { recursive: true, force: true });
});

async function watchIt(at = path): Promise<void> {
  watched = new FileWatch(at, () => {
    told += 1;
  });
  await watched.start();
}

const patience = { timeout: 10_000 };

async function tells(what: () => Promise<unknown>): Promise<void> {
  const before = told;
  await what();
  await vi.waitFor(() => expect(told).toBeGreaterThan(before), patience);
}

test('tells of every way in which a file changes: written, appended, replaced, removed, back again', async () => {
  await writeFile(path, 'a');
  await watchIt();
  await tells(() => writeFile(path, 'b'));
  await tells(() => appendFile(path, 'c'));
  // As editors do it, twice: a watch on the file itself would have lost it.
  for (const text of ['d', 'e']) {
    await writeFile(`${path}.tmp`, text);
    await tells(() => rename(`${path}.tmp`, path));
  }
  await tells(() => rm(path));
  await tells(() => writeFile(path, 'f'));
});

test.skipIf(process.platform === 'win32')('looks behind a symbolic link', async () => {
  const elsewhere = join(folder, 'dotfiles');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'real.toml'), 'a');
  await symlink(join(elsewhere, 'real.toml'), path);
  await watchIt();
  await tells(() => writeFile(join(elsewhere, 'real.toml'), 'b'));
});

test('a folder that is not there yet, or was made anew, is no end of it', async () => {
  const later = join(folder, 'later');
  await watchIt(join(later, 'supervisor.toml'));
  await mkdir(later);
  await tells(() => writeFile(join(later, 'supervisor.toml'), 'a'));
  await rm(later, { recursive: true });
  await mkdir(later);
  await tells(() => writeFile(join(later, 'supervisor.toml'), 'bc'));
});

test('somebody who writes all the time does not keep it from telling', async () => {
  await writeFile(path, '');
  await watchIt();
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      await appendFile(path, 'x');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  await vi.waitFor(() => expect(told).toBeGreaterThan(0), patience);
  isOver = true;
  await writing;
});

test('other files of the folder are none of its business', async () => {
  await writeFile(path, 'a');
  await watchIt();
  await writeFile(join(folder, 'ports.json'), '{}');
  // What comes after it in the same folder is heard, so that it would have been, too.
  await tells(() => writeFile(path, 'b'));
  expect(told).toBe(1);
});
