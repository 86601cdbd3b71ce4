import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { FakeProject, type Started } from './fake-project.ts';

const noted = (name: string, then = '') => `
  require('node:fs').appendFileSync('calls', ${JSON.stringify(name)} + ' ' + process.argv.slice(2).filter((arg) => !arg.startsWith('--reporter')).join(' ') + '\\n');
  ${then}`;

const vitestStandIn = (tally: object, code = 0) =>
  noted(
    'vitest',
    `require('node:fs').writeFileSync(process.env.PM_TEST_TALLY, '${JSON.stringify(tally)}'); process.exit(${code});`,
  );

const playwrightStandIn = (status: string) =>
  noted(
    'playwright',
    `const suites = [{ title: 'a.spec.ts', specs: [{ title: 'opens', tests: [{ status: process.argv.includes('--list') ? 'skipped' : '${status}' }] }] }];
     console.log('browser ' + process.env.PM_TEST_CHROMIUM);
     require('node:fs').writeFileSync(process.env.PLAYWRIGHT_JSON_OUTPUT_FILE, JSON.stringify({ suites, errors: [] }));`,
  );

const vitestPasses = vitestStandIn({ passed: 5, failed: 0, skipped: [] });

async function projectWithTools(): Promise<FakeProject> {
  const project = await FakeProject.make();
  const tools = [
    ['typescript', 'tsc', noted('tsc')],
    ['oxlint', 'oxlint', noted('oxlint')],
    ['@biomejs/biome', 'biome', noted('biome')],
    ['knip', 'knip', noted('knip')],
    ['vitest', 'vitest', vitestPasses],
    ['playwright', 'playwright', playwrightStandIn('expected')],
  ] as const;
  for (const [name, command, code] of tools) {
    await project.write(`registry/${name}/package.json`, `{"bin":{"${command}":"tool.cjs"}}`);
    await project.write(`registry/${name}/tool.cjs`, code);
  }
  return project;
}

/** Runs `npm test -- args` with this very Node as its browser: it only has to be a file. */
const runTests = (project: FakeProject, args: string[] = [], extra: NodeJS.ProcessEnv = {}) =>
  project.script('test.mjs', args, { CHROMIUM: process.execPath, ...extra });

const lastLine = (started: Started) => started.stdout().trimEnd().split('\n').at(-1);

describe.skipIf(process.platform === 'win32')('npm test', { timeout: 30_000 }, () => {
  test('installs, builds and runs every step, and closes with the count of all', async () => {
    await using project = await projectWithTools();
    const started = runTests(project);
    expect(await started.exit).toBe(0);
    const tools = (await project.calls()).filter((call) => !/^(npm|vite) /.test(call));
    expect(tools.slice(0, 4).sort()).toEqual([
      'biome check .',
      'knip --no-progress',
      'oxlint --type-aware',
      'tsc -b',
    ]);
    expect(tools.slice(4).sort()).toEqual([
      'playwright test --config e2e/playwright.config.ts --pass-with-no-tests',
      'vitest run',
    ]);
    expect(started.stdout()).toContain(`browser ${process.execPath}`);
    expect(started.stdout()).toMatch(/✓ tsc -b +\d+\.\d s {2}1 passed, 0 failed\n/);
    expect(lastLine(started)).toBe('10 passed, 0 failed');
  });

  test('a failing step does not keep the later ones from running, and the exit code is 1', async () => {
    await using project = await projectWithTools();
    await project.write(
      'registry/typescript/tool.cjs',
      "console.log('a.ts(1,2): error'); process.exit(2)",
    );
    await project.write('vite-fails', 'Error: no source');
    await project.write(
      'registry/vitest/tool.cjs',
      vitestStandIn({ passed: 4, failed: 1, skipped: [] }, 1),
    );
    const started = runTests(project);
    expect(await started.exit).toBe(1);
    expect(started.stdout()).toContain('✗ tsc -b\na.ts(1,2): error\n');
    expect(started.stdout()).toContain('Building the program failed: Error: no source.');
    expect(lastLine(started)).toBe('8 passed, 3 failed');
  });

  test('a runner that dies without a count has failed', async () => {
    await using project = await projectWithTools();
    await project.write('registry/vitest/tool.cjs', "process.kill(process.pid, 'SIGKILL')");
    await project.write('registry/playwright/tool.cjs', 'process.exit(0)');
    const started = runTests(project);
    expect(await started.exit).toBe(1);
    expect(lastLine(started)).toBe('4 passed, 2 failed');
  });

  test('without a browser its tests are counted as skipped, each with the reason', async () => {
    await using project = await projectWithTools();
    const started = runTests(project, [], { CHROMIUM: join(project.root, 'gone') });
    expect(await started.exit).toBe(0);
    expect(started.stdout()).toContain(
      `a.spec.ts › opens: CHROMIUM=${project.root}/gone is no file`,
    );
    expect(lastLine(started)).toBe('9 passed, 0 failed, 1 skipped');
  });

  test('with a filter only vitest runs', async () => {
    await using project = await projectWithTools();
    const started = runTests(project, ['gateway', '-t', 'a name']);
    expect(await started.exit).toBe(0);
    const tools = (await project.calls()).filter((call) => !/^(npm|vite) /.test(call));
    expect(tools).toEqual(['vitest run gateway -t a name']);
    expect(lastLine(started)).toBe('5 passed, 0 failed');
  });

  test('a run in which nothing ran has failed', async () => {
    await using project = await projectWithTools();
    await project.write(
      'registry/vitest/tool.cjs',
      vitestStandIn({ passed: 0, failed: 0, skipped: [] }),
    );
    const started = runTests(project, ['nothing']);
    expect(await started.exit).toBe(1);
    expect(lastLine(started)).toBe('0 passed, 0 failed');
  });

  test('an install that fails is explained, and counts as a failure', async () => {
    await using project = await projectWithTools();
    await project.write('npm-fails', 'npm error network down');
    const started = runTests(project);
    expect(await started.exit).toBe(1);
    expect(started.stdout()).toContain('npm ci failed: npm error network down.');
    expect(lastLine(started)).toBe('0 passed, 1 failed');
  });
});

test('vitest itself: passed, failed, skipped with reason, and files that do not load are all counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pm-tally-test-'));
  try {
    const project = resolve(import.meta.dirname, '..');
    await mkdir(join(folder, 'node_modules'));
    await symlink(
      join(project, 'node_modules/vitest'),
      join(folder, 'node_modules/vitest'),
      'junction',
    );
    await writeFile(join(folder, 'broken.test.ts'), "throw new Error('does not load');");
    await writeFile(
      join(folder, 'mixed.test.ts'),
      `import { expect, test } from 'vitest';
       test('good', () => {});
       test('bad', () => expect(1).toBe(2));
       test('left out', (context) => context.skip('no display here'));`,
    );
    const tally = join(folder, 'tally.json');
    const reporter = `--reporter=${join(import.meta.dirname, 'vitest-tally.mjs')}`;
    const run = promisify(execFile)(
      process.execPath,
      [join(project, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, reporter],
      { env: { ...process.env, PM_TEST_TALLY: tally, VITEST: undefined } },
    );
    await expect(run).rejects.toMatchObject({ code: 1 });
    expect(JSON.parse(await readFile(tally, 'utf8'))).toEqual({
      passed: 1,
      failed: 2,
      skipped: [{ name: 'mixed.test.ts: left out', why: 'no display here' }],
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 30_000);
