import { existsSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeProject, said } from './fake-project.ts';

/** Says which signals it gets, and ends by SIGHUP. */
const counting = `
let count = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGWINCH']) process.on(name, () => {
  console.log('got ' + name + ' ' + ++count);
  if (name === 'SIGHUP') process.exit(7);
});
setTimeout(() => process.exit(9), 20_000); // Never left behind.
console.log('up ' + process.pid);
`;

/** Installed and built; most tests begin with a copy of it. */
let template: FakeProject;
beforeAll(async () => {
  template = await FakeProject.make();
  await template.start(['--headless']).exit;
}, 30_000);
afterAll(() => template[Symbol.asyncDispose]());

// The stand-ins are scripts with a #! line, and signals are POSIX.
describe.skipIf(process.platform === 'win32')('npm start', { timeout: 30_000 }, () => {
  test('a first start installs, builds and runs; the next one only runs', async () => {
    await using project = await FakeProject.make();
    const first = project.start(['--config', 'a b.toml']);
    expect(await first.exit).toBe(0);
    expect(first.stdout()).toBe('supervisor ["--config","a b.toml"]\n');
    const calls = await project.calls();
    expect(calls).toEqual([
      'npm ci --include=dev --no-audit --no-fund',
      'vite build --app --logLevel warn',
      'vite build --config servers/dashboard/vite.config.ts --logLevel warn',
    ]);

    const second = project.start();
    expect(await second.exit).toBe(0);
    expect(await project.calls()).toEqual(calls);
    expect(second.stderr().trim().split('\n')).toEqual([
      'No display (DISPLAY and WAYLAND_DISPLAY are empty): running headless.',
    ]);
  });

  test('two starts at once install once and build once', async () => {
    await using project = await FakeProject.make();
    const both = [project.start(['--headless']), project.start(['--headless'])];
    expect(await Promise.all(both.map(({ exit }) => exit))).toEqual([0, 0]);
    expect((await project.calls()).filter((call) => call.startsWith('npm'))).toHaveLength(1);
    expect((await project.calls()).filter((call) => call.startsWith('vite'))).toHaveLength(2);
    expect((await readdir(join(project.root, 'out'))).sort()).toEqual([
      '.build-hash',
      'cli',
      'client',
      'main',
      'preload',
      'renderer',
      'servers',
    ]);
  });

  test('it works with the PATH that npm makes, and npm ci does not run under the Node that it removes', async () => {
    await using project = await FakeProject.make();
    expect(await project.start().exit).toBe(0);
    await project.program('node_modules/.bin/npm', 'process.exit(1)');
    await project.write(
      'package-lock.json',
      '{"packages":{"node_modules/new":{"version":"2.0.0"}}}',
    );
    const started = project.start([], {
      PATH: `${join(project.root, 'node_modules/.bin')}:${project.env().PATH}`,
    });
    expect(await started.exit).toBe(0);
    expect((await project.calls()).filter((call) => call.startsWith('npm'))).toHaveLength(2);
  });

  test('a failed install names cause and cure in one line and exits 1', async () => {
    await using project = await FakeProject.make();
    await project.write(
      'npm-fails',
      'npm error code ENOTFOUND\nnpm error network getaddrinfo failed',
    );
    const started = project.start();
    expect(await started.exit).toBe(1);
    expect(started.stderr()).toContain(
      'npm ci failed: npm error network getaddrinfo failed. Check the network',
    );
    expect(started.stderr()).not.toContain('at ');
  });

  test('a failed build prints what the tool said, then cause and cure, and is tried again', async () => {
    await using project = await FakeProject.make();
    await project.write('vite-fails', 'error during build:\n[UNRESOLVED] no ./app.tsx\n  details');
    for (const _ of [1, 2]) {
      const started = project.start();
      expect(await started.exit).toBe(1);
      expect(started.stderr()).toContain('  details\n');
      expect(started.stderr()).toMatch(
        /Building the program failed: \[UNRESOLVED\] no \.\/app\.tsx\. Mend .*\n$/,
      );
    }
  });

  test('the exit code of the supervisor is passed on, death by a signal as 128 + n', async () => {
    await using project = await FakeProject.like(template);
    await project.built('process.exit(42)');
    expect(await project.start().exit).toBe(42);
    await project.built("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)");
    expect(await project.start().exit).toBe(137);
  });

  test('one Ctrl-C, from the terminal and again from npm, reaches the supervisor once', async () => {
    await using project = await FakeProject.like(template);
    await project.built(counting);
    const started = project.start();
    await said(started.stdout, 'up ');
    started.process.stdout.once('data', () => {
      started.process.kill('SIGINT');
      started.process.kill('SIGTERM');
    });
    const group = -(started.process.pid ?? 0);
    process.kill(group, 'SIGWINCH'); // Not passed on: it would show that the group reaches the supervisor.
    process.kill(group, 'SIGINT');
    await said(started.stdout, 'got SIGTERM');
    started.process.kill('SIGHUP');
    expect(await started.exit).toBe(7);
    expect(started.stdout().match(/got .*/g)).toEqual([
      'got SIGINT 1',
      'got SIGTERM 2',
      'got SIGHUP 3',
    ]);
  });

  test('a second Ctrl-C goes through', async () => {
    await using project = await FakeProject.like(template);
    await project.built(counting);
    const started = project.start();
    await said(started.stdout, 'up ');
    const pressing = setInterval(() => started.process.kill('SIGINT'), 50);
    await said(started.stdout, 'got SIGINT 2');
    clearInterval(pressing);
    started.process.kill('SIGHUP');
    expect(await started.exit).toBe(7);
  });

  test('a launcher that is killed takes the supervisor along', async () => {
    await using project = await FakeProject.like(template);
    await project.built(counting.replace("=== 'SIGHUP'", "=== 'SIGTERM'"));
    const started = project.start();
    await said(started.stdout, 'up ');
    started.process.kill('SIGKILL');
    await said(started.stdout, 'got SIGTERM 1'); // Its stdout is ours, so we still hear it.
    expect(await started.exit).toBe('SIGKILL');
  });

  test("the supervisor's own children do not inherit the lifeline", async () => {
    await using project = await FakeProject.like(template);
    await project.built(`import { fork } from 'node:child_process';
      if (process.send) process.send(String(process.env.PM_SUPERVISOR_LIFELINE_FD));
      else fork(process.argv[1]).on('message', (text) => { console.log('child ' + text); process.exit(0); });`);
    const started = project.start();
    expect(await started.exit).toBe(0);
    expect(started.stdout()).toBe('child undefined\n');
  });
});

describe.skipIf(process.platform !== 'linux')('npm start on a desktop', { timeout: 30_000 }, () => {
  const display = { DISPLAY: ':99' };

  test('Electron gets the project, the arguments, Node 24 and a private place to report to', async () => {
    await using project = await FakeProject.like(template);
    await project.electron(`
      const { statSync, writeFileSync } = require('node:fs');
      const file = process.env.PM_SUPERVISOR_READY_FILE;
      writeFileSync(file, '');
      console.log(JSON.stringify({ args: process.argv.slice(2), node: process.env.PM_SUPERVISOR_NODE,
        mode: (statSync(require('node:path').dirname(file)).mode & 0o777).toString(8),
        asNode: process.env.ELECTRON_RUN_AS_NODE }));`);
    const started = project.start(['--debug'], { ...display, ELECTRON_RUN_AS_NODE: '1' });
    expect(await started.exit).toBe(0);
    expect(JSON.parse(started.stdout())).toEqual({
      args: [project.root, '--debug'],
      node: join(project.root, 'node_modules/node/bin/node'),
      mode: '700',
    });
    const left = (await readdir(project.root)).filter((name) => name.startsWith('pm-supervisor-'));
    expect(left).toEqual([]);
  });

  test.each([
    ['exits', 'process.exit(3)', 'exited with code 3 before it was up'],
    [
      'crashes',
      "process.kill(process.pid, 'SIGSEGV'); setInterval(() => {}, 1000)",
      'was ended by SIGSEGV',
    ],
  ])(
    'an Electron that %s before it is up is explained, and the supervisor runs headless',
    async (_how, code, why) => {
      await using project = await FakeProject.like(template);
      await project.electron(
        `require('node:fs').writeSync(2, 'Missing X server or $DISPLAY\\n'); ${code}`,
      );
      const started = project.start(['--debug'], display);
      expect(await started.exit).toBe(0);
      expect(started.stdout()).toBe('supervisor ["--debug"]\n');
      expect(started.stderr()).toContain(`The desktop app ${why}`);
      expect(started.stderr()).toContain(
        'Running headless instead.\n  Missing X server or $DISPLAY\n',
      );
    },
  );

  test('an Electron that cannot be started at all is explained, and the supervisor runs headless', async () => {
    await using project = await FakeProject.like(template);
    await project.write('node_modules/electron/dist/electron', 'not a program');
    const started = project.start([], display);
    expect(await started.exit).toBe(0);
    expect(started.stderr()).toContain('The desktop app could not be started (');
    expect(started.stdout()).toBe('supervisor []\n');
  });

  test('an Electron that ends after it was up ends the launcher with its code', async () => {
    await using project = await FakeProject.like(template);
    await project.electron(
      "require('node:fs').writeFileSync(process.env.PM_SUPERVISOR_READY_FILE, ''); process.exit(5)",
    );
    const started = project.start([], display);
    expect(await started.exit).toBe(5);
    expect(started.stdout()).toBe('');
  });

  test('a start that is interrupted before Electron is up does not go on headless', async () => {
    await using project = await FakeProject.like(template);
    await project.electron("console.log('loading'); setTimeout(() => {}, 20_000);");
    const started = project.start([], display);
    await said(started.stdout, 'loading');
    started.process.kill('SIGINT');
    expect(await started.exit).toBe(130);
    expect(started.stdout()).toBe('loading\n');
  });

  test.each(['--headless', '--version', '--help'])(
    '%s never starts Electron and adds no word',
    async (flag) => {
      await using project = await FakeProject.like(template);
      await project.electron('process.exit(9)');
      expect(await project.start(['--headless']).exit).toBe(0);
      const started = project.start([flag], display);
      expect(await started.exit).toBe(0);
      expect([started.stdout(), started.stderr()]).toEqual([`supervisor ["${flag}"]\n`, '']);
    },
  );

  test('without an Electron runtime its download is tried once a day, then the supervisor runs headless', async () => {
    await using project = await FakeProject.like(template);
    await project.write(
      'node_modules/electron/install.js',
      "require('node:fs').appendFileSync('calls', 'download\\n'); console.error('TypeError: fetch failed'); process.exit(1);",
    );
    for (const _ of [1, 2]) {
      const started = project.start([], display);
      expect(await started.exit).toBe(0);
      expect(started.stderr()).toContain(
        'No Electron runtime (its download failed: TypeError: fetch failed',
      );
      expect(started.stdout()).toBe('supervisor []\n');
    }
    expect((await project.calls()).filter((call) => call === 'download')).toHaveLength(1);
  });

  test('an Electron runtime that can be downloaded is downloaded and used', async () => {
    await using project = await FakeProject.like(template);
    await project.electron("console.log('electron')");
    await project.write(
      'node_modules/electron/install.js',
      "const { renameSync } = require('node:fs'); renameSync(__dirname + '/kept', __dirname + '/dist');",
    );
    const dist = join(project.root, 'node_modules/electron/dist');
    await rename(dist, join(project.root, 'node_modules/electron/kept'));
    const started = project.start([], display);
    expect(await started.exit).toBe(0);
    expect(started.stdout()).toBe('electron\n');
    expect(existsSync(join(project.root, 'node_modules/electron/dist/electron'))).toBe(true);
  });

  test('an empty ELECTRON_OVERRIDE_DIST_PATH is named', async () => {
    await using project = await FakeProject.like(template);
    await project.electron('process.exit(9)');
    const started = project.start([], { ...display, ELECTRON_OVERRIDE_DIST_PATH: project.root });
    expect(await started.exit).toBe(0);
    expect(started.stderr()).toContain(
      `ELECTRON_OVERRIDE_DIST_PATH (${project.root}) holds no Electron`,
    );
  });
});
