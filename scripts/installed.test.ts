import { readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeProject } from './fake-project.ts';
import { ensureInstalled, holdsEverything } from './installed.mjs';

/** node_modules as `npm install` by hand leaves it: without our record. */
async function installByHand(project: FakeProject): Promise<void> {
  await symlink(join(project.root, 'registry'), join(project.root, 'node_modules'));
}

const say = () => undefined;

describe.skipIf(process.platform === 'win32')('the dependencies', () => {
  test('a developer who ran `npm install` by hand waits for nothing', async () => {
    await using project = await FakeProject.make();
    await installByHand(project);
    expect(await ensureInstalled(project.root, { env: project.env(), say })).toBe('present');
    expect(await project.calls()).toEqual([]);
  });

  test('are installed again when the lock file asks for another version', async () => {
    await using project = await FakeProject.make();
    const lines: string[] = [];
    const options = { env: project.env(), say: (line: string) => lines.push(line) };
    expect(await ensureInstalled(project.root, options)).toBe('installed');
    expect(await ensureInstalled(project.root, options)).toBe('present');
    const lockFile = await readFile(join(project.root, 'package-lock.json'), 'utf8');
    await project.write('package-lock.json', lockFile.replace('1.0.0', '1.0.1'));
    expect(await ensureInstalled(project.root, options)).toBe('installed');
    expect(lines).toHaveLength(2);
  });

  test('are not installed again for a change of the lock file that changes no package', async () => {
    await using project = await FakeProject.make();
    const options = { env: project.env(), say };
    await ensureInstalled(project.root, options);
    const lockFile = await readFile(join(project.root, 'package-lock.json'), 'utf8');
    await project.write('package-lock.json', `${lockFile}\n`);
    expect(await ensureInstalled(project.root, options)).toBe('present');
  });

  test('of another platform are never taken over', async () => {
    await using project = await FakeProject.make();
    const options = { env: project.env(), say };
    await ensureInstalled(project.root, options);
    const file = 'node_modules/.cache/pm-supervisor/installed.json';
    const record = JSON.parse(await readFile(join(project.root, file), 'utf8'));
    await project.write(file, JSON.stringify({ ...record, host: 'plan9-mips' }));
    expect(await ensureInstalled(project.root, options)).toBe('installed');
  });

  test('of an install that was cut off are installed again', async () => {
    await using project = await FakeProject.make();
    const options = { env: project.env(), say };
    await ensureInstalled(project.root, options);
    await rm(join(project.root, 'node_modules/.package-lock.json'));
    expect(await ensureInstalled(project.root, options)).toBe('installed');
  });

  test('without npm the cause and the cure are named', async () => {
    await using project = await FakeProject.make();
    const env = project.env({ PATH: join(project.root, 'nothing-here') });
    await expect(ensureInstalled(project.root, { env, say })).rejects.toThrow(
      'npm could not be started. Install Node.js with npm',
    );
  });
});

test('an install holds everything when only optional packages are absent', () => {
  const installed = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'x' } } };
  const holds = (packages: object) => holdsEverything({ packages }, installed);
  expect(holds({ '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' } })).toBe(true);
  expect(holds({ 'node_modules/b': { version: '1.0.0', optional: true } })).toBe(true);
  expect(holds({ 'node_modules/b': { version: '1.0.0' } })).toBe(false);
  expect(holds({ 'node_modules/a': { version: '1.0.0', integrity: 'other' } })).toBe(false);
});
