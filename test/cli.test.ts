/** The built command line as a program of its own, against the built supervisor. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn as spawnPty } from '@lydell/node-pty';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Place, type RunningSupervisor, startSupervisor } from './harness.ts';
import { until } from './until.ts';

const program = join(import.meta.dirname, '..', 'out', 'cli', 'pm-supervisor.js');

const standInMcp = join(import.meta.dirname, 'stand-in-mcp.ts');

/** A service that says one line and does nothing more, for ever. */
const printer = {
  name: 'web',
  command: process.execPath,
  args: ['-e', 'console.log("hello"); setInterval(() => {}, 1e6)'],
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One call; what it says can be read while it runs. */
class Call {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(place: Place, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [program, '--config', place.configPath, ...argv], {
      cwd: place.folder,
      env: { ...place.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  async until(what: string): Promise<void> {
    await until(() => this.stdout.includes(what), {
      what: `"${what}" on standard output`,
      instead: () => this.stdout + this.stderr,
    });
  }
}

describe('a running supervisor', () => {
  let supervisor: RunningSupervisor;

  beforeAll(async () => {
    supervisor = await startSupervisor({
      settings: {
        dashboard: { enabled: false },
        'mcp.node': { command: process.execPath, args: [standInMcp] },
      },
      servers: [printer],
    });
  });

  afterAll(async () => {
    await supervisor[Symbol.asyncDispose]();
  });

  const run = (...argv: readonly string[]) => new Call(supervisor.place, argv).ended;

  test('status: people get a table, programs the snapshot', async () => {
    const table = await run('status');
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(/^mcp +● Running/m);
    expect(table.stdout).not.toContain('\u001b');
    const { stdout } = await run('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ pid: supervisor.process.pid });
    expect((await run('status', '--names')).stdout.split('\n')).toContain('web');
  });

  test('restart waits until the service is another process and ready', async () => {
    const pidOf = async () =>
      (await supervisor.snapshot()).services.find(({ name }) => name === 'web')?.pid;
    const before = await pidOf();
    expect(await run('restart', 'web')).toMatchObject({
      code: 0,
      stdout: 'web: Running\n',
    });
    expect(await pidOf()).not.toBe(before);
    const unknown = await run('restart', 'nope');
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('There are: mcp, interactive_terminal, web');
  });

  test('a service that was stopped by hand is shown so, and starts again by hand', async () => {
    expect((await run('service', 'stop', 'web')).stdout).toBe('web: Stopped\n');
    const { stdout, code } = await run('status');
    expect(stdout).toMatch(/^web +○ Stopped/m);
    expect(code).toBe(0);
    expect((await run('service', 'start', 'web')).code).toBe(0);
  });

  test('logs: of a service, of all instances of a pool, and on and on until Ctrl-C', async () => {
    const { stdout, code } = await run('logs', 'web', '-n', '1');
    expect(code).toBe(0);
    expect(stdout.split('\n')).toHaveLength(2);
    const pool = await run('logs', 'mcp', '--json');
    expect(JSON.parse(pool.stdout.split('\n')[0] ?? '')).toMatchObject({ service: 'mcp:1' });
    const following = new Call(supervisor.place, ['logs', 'web', '-f']);
    await following.until('\n');
    const before = following.stdout.length;
    await run('restart', 'web');
    await until(() => following.stdout.length > before, { what: 'lines of the new process' });
    following.child.kill('SIGINT');
    expect((await following.ended).code).toBe(0);
  });

  test('events: the newest, everything behind a number, and live with a filter', async () => {
    const first = await run('emit-test', 'one', '--json');
    const { id } = JSON.parse(first.stdout) as { id: number };
    const following = new Call(supervisor.place, ['events', '-f', '--types', 'test', '--json']);
    await supervisor.until('the subscriber', ({ events }) =>
      events.subscribers.some(({ label }) => label === 'pm-supervisor'),
    );
    await run('emit-test', 'two');
    await following.until('two');
    following.child.kill('SIGINT');
    expect((await following.ended).code).toBe(0);
    const messages = (stdout: string) =>
      stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { data: { message?: string } }).data.message);
    expect(messages(following.stdout)).toEqual(['two']);
    const replayed = await run('events', '--since', String(id - 1), '--types', 'test', '--json');
    expect(messages(replayed.stdout)).toEqual(['one', 'two']);
    expect((await run('events')).stdout).toContain('message=two');
    expect((await run('events', '--since', '999999')).stdout).toBe('');
  });

  test('upgrade ends when every instance is another process; scale-up adds one', async () => {
    const pids = async () => (await supervisor.snapshot()).instances.map(({ pid }) => pid);
    const before = await pids();
    expect((await run('upgrade')).stdout).toBe('mcp: 1 instance replaced.\n');
    expect(await pids()).not.toContain(before[0]);
    expect((await run('scale-up')).code).toBe(0);
    expect(await pids()).toHaveLength(2);
    expect((await run('upgrade', 'nope')).code).toBe(1);
  });

  test('sessions, clients, doctor and the address of the page', async () => {
    expect((await run('sessions')).stdout).toBe('No MCP session is open.\n');
    await supervisor.control<'AttachClient'>({
      type: 'AttachClient',
      pid: 7,
      window_id: 'w',
      agent: 'ada',
    });
    expect((await run('clients')).stdout).toMatch(/ada/);
    const doctor = await run('doctor', '--json');
    expect((JSON.parse(doctor.stdout) as { checks: unknown[] }).checks.length).toBeGreaterThan(3);
    const { stdout } = await run('open', '--print');
    expect(stdout.trim()).toBe(supervisor.loginUrl);
  });

  test.skipIf(process.platform !== 'linux')(
    'open shows the page without its token on any command line',
    async () => {
      const { place } = supervisor;
      const bin = join(place.folder, 'bin');
      await mkdir(bin);
      const opened = join(place.folder, 'opened');
      await writeFile(join(bin, 'xdg-open'), `#!/bin/sh\necho "$1" > '${opened}'\n`, {
        mode: 0o700,
      });
      const env = { DISPLAY: ':9', PATH: `${bin}:${place.env['PATH']}` };
      const { code, stdout } = await new Call(place, ['open'], env).ended;
      expect({ code, stdout }).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Opened http/),
      });
      const address = (await readFile(opened, 'utf8')).trim();
      const token = new URL(supervisor.loginUrl).searchParams.get('token') ?? '';
      expect(address).toMatch(/^file:.*open\.html$/);
      expect(address + stdout).not.toContain(token);
      const file = fileURLToPath(address);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'utf8')).toContain(`url=${supervisor.loginUrl}"`);
    },
  );

  test('a reader that has seen enough is no error', async () => {
    const call = new Call(supervisor.place, ['logs', 'web', '-f', '--json']);
    await call.until('\n');
    call.child.stdout?.destroy();
    await run('restart', 'web');
    const { code, stderr } = await call.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test.skipIf(process.platform === 'win32')(
    'status --watch draws in place in colours, and Ctrl-C gives the terminal back',
    async () => {
      const { place } = supervisor;
      const terminal = spawnPty(
        process.execPath,
        [program, '--config', place.configPath, 'status', '--watch'],
        { cols: 60, rows: 12, cwd: place.folder, env: { ...place.env, TERM: 'xterm-256color' } },
      );
      let screen = '';
      terminal.onData((data) => {
        screen += data;
      });
      const ended = new Promise<number>((resolve) => {
        terminal.onExit(({ exitCode }) => resolve(exitCode));
      });
      onTestFinished(() => terminal.kill('SIGKILL'));
      await until(() => screen.includes('● Running'), { what: 'a table', instead: () => screen });
      const frames = () => screen.split('\u001b[?2026h\u001b[H').slice(1);
      const before = frames().length;
      await until(() => frames().length > before + 1, { what: 'further frames' });
      // Nothing is cleared before it is written anew: that is what flickers.
      expect(screen).not.toContain('\u001b[2J');
      for (const frame of frames().slice(0, -1)) {
        expect(frame.split('\r\n').length).toBeLessThanOrEqual(12);
      }
      terminal.write('\u0003');
      expect(await ended).toBe(0);
      expect(screen.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    },
  );

  test('config import: the running supervisor writes, and runs the new server', async () => {
    const { place } = supervisor;
    const before = await place.readConfig();
    const file = join(place.folder, 'mcp.json');
    const entry = { command: process.execPath, args: ['-e', 'process.stdin.resume()'] };
    await writeFile(file, JSON.stringify({ mcpServers: { taken: entry } }));
    const { code, stdout, stderr } = await run('config', 'import', file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Added taken.');
    expect((await place.readConfig()).startsWith(before)).toBe(true);
    await supervisor.until('the new server', ({ services }) =>
      services.some(({ name }) => name === 'taken'),
    );
    expect((await run('config', 'check')).code).toBe(0);
  });
});

test('start in the background, start again, stop, and stop again', async () => {
  const place = await Place.create({
    settings: { mcp: { port: 0, enabled: false }, dashboard: { enabled: false } },
  });
  onTestFinished(() => place[Symbol.asyncDispose]());
  const run = (...argv: readonly string[]) => new Call(place, argv).ended;
  expect((await run('status')).code).toBe(3);
  const started = await run('start', '--headless', '--detach');
  expect(started).toMatchObject({ code: 0, stderr: '' });
  const pid = (await place.ports())?.supervisor_pid;
  expect(started.stdout).toContain(`The supervisor was started (process ${pid}, headless).`);
  expect((await run('start', '--headless')).stdout).toContain(`runs already (process ${pid}`);
  expect((await run('stop')).stdout).toBe(`The supervisor (process ${pid}) has stopped.\n`);
  expect(await place.ports()).toBeNull();
  expect((await run('stop')).stdout).toBe('No supervisor runs.\n');
  expect(place.survivors()).toEqual([]);
});

test('start in this terminal ends in order with it', async () => {
  const place = await Place.create({
    settings: { mcp: { port: 0, enabled: false }, dashboard: { enabled: false } },
  });
  onTestFinished(() => place[Symbol.asyncDispose]());
  const call = new Call(place, ['start', '--headless']);
  await call.until('Status page:');
  call.child.kill('SIGTERM');
  expect((await call.ended).code).toBe(0);
  expect(await place.ports()).toBeNull();
});

test('one that cannot start says why, and what it said', async () => {
  const place = await Place.create();
  onTestFinished(() => place[Symbol.asyncDispose]());
  await place.writeConfig(
    '[auth]\napi_key = "0123456789abcdef"\n[supervisor]\ncontrol_tcp_port = 0\n',
  );
  const blocked = { XDG_RUNTIME_DIR: join(place.configPath, 'no-folder') };
  const { code, stderr } = await new Call(place, ['start', '--headless', '--detach'], blocked)
    .ended;
  expect(code).toBe(1);
  expect(stderr).toContain('pm-supervisor: ');
  expect(await readFile(place.configPath, 'utf8')).toContain('api_key');
});
