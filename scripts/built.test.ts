import { readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ensureBuilt, sourceHash } from './built.mjs';
import { FakeProject } from './fake-project.ts';
import { ensureInstalled } from './installed.mjs';

const say = () => undefined;

async function installed(): Promise<FakeProject> {
  const project = await FakeProject.make();
  await ensureInstalled(project.root, { env: project.env(), say });
  return project;
}

const build = (project: FakeProject) =>
  ensureBuilt(project.root, { node: process.execPath, env: project.env(), say });

describe.skipIf(process.platform === 'win32')('a build', () => {
  test('runs for any change of a source, and for nothing else', async () => {
    await using project = await installed();
    expect(await build(project)).toBe('built');
    expect(await build(project)).toBe('fresh');
    await project.write('main/headless.ts', 'changed');
    expect(await build(project)).toBe('built');
    await project.write('main/headless.test.ts', 'a test');
    await project.write('README.md', 'words');
    expect(await build(project)).toBe('fresh');
  });

  test('runs again when its results were removed', async () => {
    await using project = await installed();
    await build(project);
    await rm(join(project.root, 'out/renderer'), { recursive: true });
    expect(await build(project)).toBe('built');
  });

  test('that failed leaves no record of a good one', async () => {
    await using project = await installed();
    await build(project);
    const good = await readFile(join(project.root, 'main/headless.ts'), 'utf8');
    await project.write('main/headless.ts', 'bad');
    await project.write('vite-fails', 'Error: no');
    await expect(build(project)).rejects.toThrow('Building the program failed: Error: no.');
    await rm(join(project.root, 'vite-fails'));
    await project.write('main/headless.ts', good);
    expect(await build(project)).toBe('built');
  });
});

test('the hash of the sources depends on names and contents', async () => {
  await using project = await FakeProject.make();
  const hashes = [sourceHash(project.root)];
  const next = async (change: Promise<void>) => {
    await change;
    hashes.push(sourceHash(project.root));
  };
  await next(project.write('shared/a.ts', 'bc'));
  await next(rename(join(project.root, 'shared/a.ts'), join(project.root, 'shared/ab.ts')));
  await next(project.write('shared/ab.ts', 'c'));
  await next(project.write('assets/icon.png', ''));
  await next(project.write('package-lock.json', '{}'));
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('the hash of this project is taken in less than 150 ms', () => {
  const root = resolve(import.meta.dirname, '..');
  const times = Array.from({ length: 3 }, () => {
    const startedAt = performance.now();
    sourceHash(root);
    return performance.now() - startedAt;
  });
  expect(Math.min(...times)).toBeLessThan(150);
});
