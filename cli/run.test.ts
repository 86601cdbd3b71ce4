import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Answer, FakeDoor } from '../client/fake-door.test-helper.ts';
import { commands } from './commands.ts';
import { runCli } from './run.test-helper.ts';

test.each([
  [['stauts'], 'There is no command "stauts" (did you mean "status"?).'],
  [['config'], '"config" needs one of these: path, check, show, edit, import.'],
  [['config', 'chekc'], 'There is no command "config chekc" (did you mean "check"?).'],
  [['logs'], 'NAME is missing.'],
  [['status', 'mcp'], '"mcp" is one argument too many.'],
  [['status', '--wtach'], 'There is no option --wtach (did you mean "watch"?).'],
  [['logs', 'mcp', '-n', '0'], '--lines expects a whole number from 1 to 10000, not "0".'],
  [['logs', 'mcp', '--lines'], "Option '-n, --lines <value>' argument missing."],
  [['completion', 'tcsh'], 'SHELL expects bash, zsh, fish, powershell, not "tcsh".'],
  [['config', 'import', '--from', 'emacs'], '--from expects claude, vscode, cursor, not "emacs".'],
  [['events', '--types', 'plan_made'], 'There is no event type "plan_made".'],
  [['--config=', 'status'], '--config expects the name of a file.'],
])('%j is refused with 2 and a reason', async (argv, reason) => {
  const { code, stdout, stderr } = await runCli(argv);
  expect(stderr).toContain(reason);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('without a command, the help is on standard error and it ends with 2', async () => {
  const { code, stdout, stderr } = await runCli([]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('Usage: pm-supervisor COMMAND');
});

test.each(commands)('$name has a help that names all it takes', async (command) => {
  const { code, stdout } = await runCli([...command.name.split(' '), '--help']);
  expect(code).toBe(0);
  for (const { name } of command.arguments ?? []) expect(stdout).toContain(name);
  for (const name of Object.keys(command.options ?? {})) expect(stdout).toContain(`--${name}`);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});

test('an example of the help is a command line that is understood', async () => {
  for (const { examples = [] } of commands) {
    for (const example of examples) {
      const [call = ''] = example.split(/ [|>]/);
      const { code } = await runCli([...call.split(' '), '--help']);
      expect(code, example).toBe(0);
    }
  }
});

test('the version, also as JSON, and options before the command', async () => {
  expect((await runCli(['--version'])).stdout).toBe('1.2.3\n');
  expect((await runCli(['--json', '-V'])).stdout).toBe('{"version":"1.2.3"}\n');
  expect((await runCli(['--config', '/x/y.toml', 'config', 'path'])).stdout).toBe('/x/y.toml\n');
});

test('that nobody runs is 3, with the cure, and JSON where it was asked for', async () => {
  const { code, stderr, stdout } = await runCli(['status', '--json']);
  expect(code).toBe(3);
  expect(stderr).toContain('pm-supervisor start --detach');
  expect(JSON.parse(stdout)).toMatchObject({ code: 'not_running' });
  expect((await runCli(['stop'])).code).toBe(0);
  expect((await runCli(['doctor'])).code).toBe(3);
});

/** A place whose supervisor is this door. */
async function placeOf(
  answer: Answer,
): Promise<{ readonly argv: string[]; readonly env: { XDG_RUNTIME_DIR: string } }> {
  const door = await FakeDoor.open(answer);
  const folder = await mkdtemp(join(tmpdir(), 'pm-cli-'));
  onTestFinished(async () => {
    await door[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  await writeFile(join(folder, 'ports.json'), JSON.stringify({ control_socket: door.path }));
  const env = { XDG_RUNTIME_DIR: folder };
  return { argv: ['--json', '--config', join(folder, 'supervisor.toml')], env };
}

test('a refusal of the supervisor is 1, with its code', async () => {
  const { argv, env } = await placeOf(({ id }, say) => {
    say({ ok: false, error: 'Events are off.', code: 'events_disabled', data: null, id });
  });
  const { code, stdout } = await runCli([...argv, 'emit-test'], { env });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({ error: 'Events are off.', code: 'events_disabled' });
});

test.each([
  ['ready', 0],
  ['starting', 0],
  ['backing_off', 4],
  ['failed', 4],
])('status with a service that is %s ends with %i', async (state, expected) => {
  const { argv, env } = await placeOf(({ id }, say) => {
    const config = { running: 'file', problems: [] };
    say({ ok: true, data: { services: [{ state }], config, stopping: false }, id });
  });
  expect((await runCli([...argv, 'status'], { env })).code).toBe(expected);
});

test.each([
  ['ok', 0],
  ['warning', 0],
  ['problem', 4],
])('doctor with a check that is %s ends with %i', async (status, expected) => {
  const { argv, env } = await placeOf(({ id }, say) => {
    say({ ok: true, data: { checks: [{ status }] }, id });
  });
  expect((await runCli([...argv, 'doctor'], { env })).code).toBe(expected);
});

test('Ctrl-C while something is waited for ends with 130', async () => {
  const end = new AbortController();
  const { argv, env } = await placeOf(({ id, type }, say) => {
    const service = { name: 'slow', state: 'starting', reason: 'it loads', since: '', pid: 1 };
    if (type === 'Restart') end.abort();
    say({ ok: true, data: { services: [service], instances: [], status: 'starting' }, id });
  });
  const { code } = await runCli([...argv, 'restart', 'slow'], { env, signal: end.signal });
  expect(code).toBe(130);
});

test('a service that does not get ready in time is told with its reason', async () => {
  const { argv, env } = await placeOf(({ id }, say) => {
    const service = { name: 'slow', state: 'starting', reason: 'it loads', since: '', pid: 1 };
    say({ ok: true, data: { services: [service], instances: [], status: 'starting' }, id });
  });
  const { code, stderr } = await runCli([...argv, 'restart', 'slow', '--timeout', '1'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain('slow is still "Starting" (it loads)');
});

test('a restart is not over while the old process is still the one that is ready', async () => {
  let looks = 0;
  const { argv, env } = await placeOf(({ id, type }, say) => {
    if (type === 'Snapshot') looks += 1;
    const since = looks < 4 ? 'before' : 'after';
    const service = { name: 'quick', state: 'ready', reason: '', since, pid: 1 };
    say({ ok: true, data: { services: [service], instances: [], status: 'starting' }, id });
  });
  const { code, stdout } = await runCli([...argv, 'restart', 'quick'], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ since: 'after' });
});
