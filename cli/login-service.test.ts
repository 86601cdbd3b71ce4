/**
 * `service install|remove|status` in a home of its own, with a systemctl that takes notes: once as a program,
 * whose start takes longer than all that is tested here, else inside the test.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeDoor } from '../client/fake-door.test-helper.ts';
import { runCli } from './run.test-helper.ts';

/** Where this name is, in a folder that is on PATH. */
const systemctl = `#!/bin/sh
echo "$*" >> "$PM_TEST_NOTES"
if [ -n "$PM_TEST_REFUSAL" ]; then echo "$PM_TEST_REFUSAL" >&2; exit 1; fi
`;

/** Starting a program takes a moment on a busy machine. */
const timeout = 30_000;

describe.runIf(process.platform === 'linux')('the service of systemd', { timeout }, () => {
  let home: string;
  let unit: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'pm-service-'));
    // Also what the system says where the home is.
    vi.stubEnv('HOME', home);
    unit = join(home, '.config/systemd/user/project-memory-supervisor.service');
    await mkdir(join(home, 'bin'));
    await writeFile(join(home, 'bin/systemctl'), systemctl);
    await chmod(join(home, 'bin/systemctl'), 0o755);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(home, { recursive: true, force: true });
  });

  const environment = () => ({
    HOME: home,
    PATH: join(home, 'bin'),
    XDG_RUNTIME_DIR: join(home, 'run'),
    PM_TEST_NOTES: join(home, 'notes'),
    GITHUB_TOKEN: 'hush',
  });

  function program(...args: readonly string[]) {
    return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile(
        process.execPath,
        [join(import.meta.dirname, 'pm-supervisor.ts'), ...args],
        { env: environment(), cwd: home, timeout: 30_000 },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  }

  const call = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runCli(args, { env: { ...environment(), PM_SUPERVISOR_CONFIG: '', ...more }, cwd: home });

  const install = (...args: readonly string[]) => call(['service', 'install', ...args]);
  const notes = async () =>
    (await readFile(join(home, 'notes'), 'utf8').catch(() => '')).trimEnd().split('\n');

  test('install writes the unit and has systemd start it; a second time is as good', async () => {
    const first = await program('service', 'install');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(unit);
    const text = await readFile(unit, 'utf8');
    expect(text).toContain('out/main/headless.js" "--config" ');
    expect(text).toContain(`Environment="PATH=${join(home, 'bin')}"`);
    expect(text).not.toContain('hush');
    const told = ['--user daemon-reload', '--user enable --now project-memory-supervisor.service'];
    expect(await notes()).toEqual(told);
    expect(await install()).toMatchObject({ code: 0, stderr: '' });
    expect(await notes()).toEqual([...told, ...told]);
    expect(await readdir(dirname(unit))).toEqual(['project-memory-supervisor.service']);
  });

  test('install where one runs already: it is left alone, and the service waits for the next log-in', async () => {
    await using door = await FakeDoor.open(() => {});
    const folder = join(home, '.config/ProjectMemory');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'ports.json'), JSON.stringify({ control_socket: door.path }));
    const { code, stdout } = await install();
    expect(code).toBe(0);
    expect(stdout).toContain(`One runs already (process ${process.pid}`);
    expect((await notes())[1]).toBe('--user enable project-memory-supervisor.service');
  });

  test('install --print shows what would be written, and touches nothing', async () => {
    const { code, stdout } = await install('--print');
    expect(code).toBe(0);
    expect(stdout).toContain('[Service]');
    expect(await readdir(home)).toEqual(['bin']);
  });

  test('a unit that was changed by hand, or is of somebody else, is kept and said so', async () => {
    await install();
    const mine = (await readFile(unit, 'utf8')).replace('RestartSec=5', 'RestartSec=9');
    for (const [text, why] of [
      [
        mine,
        /was changed since.*systemctl --user edit project-memory-supervisor\.service.*--force/,
      ],
      ['[Service]\nExecStart=/bin/true\n', /was not written by pm-supervisor.*--force/],
    ] as const) {
      await writeFile(unit, text);
      for (const verb of ['install', 'remove']) {
        const { code, stdout } = await call(['service', verb, '--json']);
        expect(code).toBe(1);
        expect(JSON.parse(stdout)).toEqual({
          code: 'file_conflict',
          error: expect.stringMatching(why),
        });
        expect(await readFile(unit, 'utf8')).toBe(text);
      }
    }
    expect((await install('--force')).code).toBe(0);
    expect(await readFile(unit, 'utf8')).toContain('RestartSec=5');
  });

  test('where systemd cannot be reached, the unit is there and the commands are told', async () => {
    const { code, stderr } = await call(['service', 'install'], {
      PM_TEST_REFUSAL: 'Failed to connect to bus',
    });
    expect(code).toBe(1);
    expect(stderr).toContain('Failed to connect to bus');
    expect(stderr).toContain('  systemctl --user daemon-reload\n');
    expect(stderr).toContain('  systemctl --user enable --now project-memory-supervisor.service\n');
    expect(await readFile(unit, 'utf8')).toContain('[Install]');
    const without = await call(['service', 'install'], { PATH: join(home, 'nothing') });
    expect(without.stderr).toContain('there is no program "systemctl" here');
  });

  test('a place where no unit can be is named with the cause', async () => {
    await mkdir(join(home, '.config'));
    await writeFile(join(home, '.config/systemd'), 'not a folder');
    const { code, stderr } = await install();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `pm-supervisor: ${unit} cannot be read: ENOTDIR: not a directory, open '${unit}'\n`,
    );
  });

  test('remove takes back what install did; that there is none is no error', async () => {
    expect(await call(['service', 'remove'])).toMatchObject({ code: 0, stderr: '' });
    await install();
    await rm(join(home, 'notes'));
    expect(await call(['service', 'remove'])).toMatchObject({ code: 0, stderr: '' });
    expect(await notes()).toEqual([
      '--user disable --now project-memory-supervisor.service',
      '--user daemon-reload',
    ]);
    expect(await readdir(dirname(unit))).toEqual([]);
  });

  test('remove where systemd cannot be reached: unit and link are gone, and what is left to do is told', async () => {
    await install();
    const link = join(dirname(unit), 'default.target.wants/project-memory-supervisor.service');
    await mkdir(dirname(link));
    await symlink(unit, link);
    const { code, stderr } = await call(['service', 'remove'], { PM_TEST_REFUSAL: 'No bus' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /No bus\n.*pm-supervisor stop\n.*\n {2}systemctl --user daemon-reload\n$/,
    );
    expect(await readdir(dirname(unit), { recursive: true })).toEqual(['default.target.wants']);
  });

  test('status says what is there, and that the desktop starts at log-in as well', async () => {
    const nothing = await call(['service', 'status', '--json']);
    expect(nothing.code).toBe(0);
    expect(JSON.parse(nothing.stdout)).toMatchObject({
      file: unit,
      ownership: null,
      autostart: { desktop: null, service: null },
      running: null,
    });
    await install();
    const lying = await call(['service', 'status']);
    expect(lying.code).toBe(4);
    expect(lying.stderr).toContain('service install" enables it');
    await mkdir(join(dirname(unit), 'default.target.wants'));
    await symlink(
      unit,
      join(dirname(unit), 'default.target.wants', 'project-memory-supervisor.service'),
    );
    const installed = await call(['service', 'status']);
    expect(installed).toMatchObject({ code: 0, stderr: '' });
    expect(installed.stdout).toContain(
      `It starts at log-in as a service, without window (${unit})`,
    );
    expect((await call(['service', 'status', '--print'])).stdout).toContain('[Install]');
    const item = join(home, '.config/autostart/project-memory-supervisor.desktop');
    await mkdir(dirname(item));
    await writeFile(item, '[Desktop Entry]\n');
    const both = await call(['service', 'status']);
    expect(both.code).toBe(4);
    expect(both.stdout).toContain('Two ways start it at log-in');
    expect(both.stderr).toContain('service remove');
  });

  test('status tells a unit that starts another Node or another copy of the program', async () => {
    await install();
    const text = await readFile(unit, 'utf8');
    await writeFile(unit, text.replace(process.execPath, '/gone/node'));
    const { code, stdout, stderr } = await call(['service', 'status']);
    expect(code).toBe(4);
    expect(stdout).toContain('was changed since');
    expect(stderr).toContain('"pm-supervisor service install" writes it anew');
  });
});
