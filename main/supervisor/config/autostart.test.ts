/** What starts the program at log-in is seen where the desktop and the command line put it. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { judgeAutostart, loginServiceOf, lookAtAutostart, wantsLink } from './autostart.ts';
import type { Machine } from './config-path.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'pm-autostart-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const nothingAnswers = async () => null;

function linux(env: Machine['env'] = {}): Machine {
  return { platform: 'linux', homedir: home, env };
}

const standard = () => join(home, '.config/ProjectMemory/supervisor.toml');

async function put(file: string, text = ''): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

function look(machine: Machine, configPath = standard(), wantsLoginItem = false) {
  return lookAtAutostart({ machine, configPath, wantsLoginItem }, nothingAnswers);
}

test('each configuration has a service of its own, at the place where the system looks', () => {
  expect(loginServiceOf(linux(), standard())).toEqual({
    system: 'systemd',
    name: 'project-memory-supervisor.service',
    file: join(home, '.config/systemd/user/project-memory-supervisor.service'),
  });
  expect(loginServiceOf(linux({ XDG_CONFIG_HOME: '/x' }), '/my.toml')).toMatchObject({
    name: expect.stringMatching(/^project-memory-supervisor-[0-9a-f]{10}\.service$/),
    file: expect.stringMatching(/^\/x\/systemd\/user\//),
  });
  const mac: Machine = { platform: 'darwin', homedir: '/Users/me', env: {} };
  expect(loginServiceOf(mac, '/Users/me/.config/ProjectMemory/supervisor.toml')).toEqual({
    system: 'launchd',
    name: 'dev.project-memory.supervisor.service',
    file: '/Users/me/Library/LaunchAgents/dev.project-memory.supervisor.service.plist',
  });
  const windows: Machine = {
    platform: 'win32',
    homedir: 'C:\\Users\\me',
    env: { APPDATA: 'C:\\R', PM_SUPERVISOR_CONFIG: 'C:\\other.toml' },
  };
  expect(loginServiceOf(windows, 'C:\\R\\ProjectMemory\\supervisor.toml')).toEqual({
    system: 'task',
    name: 'Project Memory Supervisor',
    file: 'C:\\R\\ProjectMemory\\login-task.xml',
  });
});

test('Linux: the login item is seen, unless session settings switched it off', async () => {
  expect(await look(linux())).toEqual({ desktop: null, service: null });
  const file = join(home, '.config/autostart/project-memory-supervisor.desktop');
  await put(file, '[Desktop Entry]\nX-GNOME-Autostart-enabled=true\n');
  expect(await look(linux())).toEqual({ desktop: file, service: null });
  // The item of the usual configuration starts no other one.
  expect(await look(linux(), '/other.toml')).toEqual({ desktop: null, service: null });
  await put(file, '[Desktop Entry]\nX-GNOME-Autostart-enabled=false\n');
  expect(await look(linux())).toEqual({ desktop: null, service: null });
});

test('Linux: a unit counts when it is enabled, not when it only lies there', async () => {
  const { name, file } = loginServiceOf(linux(), standard());
  await put(file);
  expect(await look(linux())).toEqual({ desktop: null, service: null });
  const link = wantsLink(linux(), name);
  await mkdir(dirname(link), { recursive: true });
  await symlink(file, link);
  expect(await look(linux())).toEqual({ desktop: null, service: file });
});

test('macOS: the login item is what the configuration says, the service is its file', async () => {
  const mac: Machine = { platform: 'darwin', homedir: home, env: {} };
  expect(await look(mac)).toEqual({ desktop: null, service: null });
  const file = await put(loginServiceOf(mac, standard()).file);
  expect(await look(mac, standard(), true)).toEqual({
    desktop: `[desktop] login_item in ${standard()}`,
    service: file,
  });
});

test('Windows: the registry and the Task Scheduler are asked', async () => {
  const windows: Machine = { platform: 'win32', homedir: 'C:\\me', env: { APPDATA: 'C:\\R' } };
  const asked: string[] = [];
  const ask = async (program: string, args: readonly string[]) => {
    asked.push([program, ...args].join(' '));
    return '    electron.app.x    REG_SZ    "C:\\pm\\project-memory-supervisor.exe" --hidden\r\n';
  };
  const configPath = 'C:\\R\\ProjectMemory\\supervisor.toml';
  const question = { machine: windows, configPath, wantsLoginItem: false };
  expect(await lookAtAutostart(question, ask)).toEqual({
    desktop: 'HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run',
    service: 'task "Project Memory Supervisor"',
  });
  expect(asked.sort()).toEqual([
    'reg query HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run',
    'schtasks /Query /TN Project Memory Supervisor',
  ]);
  expect(await lookAtAutostart(question, async () => 'Spotify')).toMatchObject({ desktop: null });
  expect(await lookAtAutostart(question, nothingAnswers)).toEqual({ desktop: null, service: null });
});

test('two ways at once are a warning that says which to give up; one or none is well', () => {
  expect(judgeAutostart({ desktop: '/a.desktop', service: '/b.service' })).toMatchObject({
    status: 'warning',
    message: expect.stringMatching(/\/a\.desktop.*\/b\.service/),
    cure: expect.stringMatching(/login_item = false.*service remove/),
  });
  for (const one of [
    { desktop: '/a.desktop', service: null },
    { desktop: null, service: '/b.service' },
    { desktop: null, service: null },
  ]) {
    expect(judgeAutostart(one)).toMatchObject({ status: 'ok', cure: null });
  }
});
