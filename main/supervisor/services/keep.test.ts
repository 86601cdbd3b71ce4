/** Processes that survive the supervisor, and the records by which they are found again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { processesWithCookie } from './cookie.ts';
import type { Keeper, Kept } from './keep.ts';
import type { OutputLine } from './output.ts';
import { ProcessHost } from './process-host.ts';
import { identityOf } from './process-identity.ts';

const onLinux = process.platform === 'linux';
const logger = pino({ level: 'silent' });
const sample: Kept = { name: 'sample', fingerprint: 'as configured' };
const waiting = 'echo up; while :; do sleep 0.1; done';

let folder: string;
let family: string;
let hosts: ProcessHost[];
let runs: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-keep-'));
  family = `k${folder.slice(-6)}`;
  hosts = [];
  runs = 0;
});

afterEach(async () => {
  for (const host of hosts) host.close();
  for (const pid of await processesWithCookie(family)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** A supervisor's part in it; each is a run of its own. */
function nextRun(): { readonly host: ProcessHost; readonly keeper: Keeper } {
  runs += 1;
  const host = new ProcessHost(family, `run${runs}`, logger);
  hosts.push(host);
  const keeper = host.keeper(folder, logger);
  if (keeper === null) throw new Error('not on this system');
  return { host, keeper };
}

function recordPath(name = sample.name): string {
  return join(folder, family, `${name}.json`);
}

async function launch(keeper: Keeper, script = waiting) {
  const lines: OutputLine[] = [];
  const child = await keeper
    .keep(sample)
    .launch(
      { command: 'sh', args: ['-c', script], workingDir: folder, env: process.env, port: 4321 },
      (line) => lines.push(line),
    );
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(0), patience);
  return { child, lines, pid: child.pid ?? 0 };
}

async function isAlive(pid: number): Promise<boolean> {
  return (await identityOf(pid)) !== null;
}

/** Writes a changed record; then looks for processes to take over, as the next start does. */
async function findWith(change: (record: Record<string, unknown>) => unknown) {
  const record = JSON.parse(await readFile(recordPath(), 'utf8')) as Record<string, unknown>;
  await writeFile(recordPath(), JSON.stringify(change(record)));
  const next = nextRun();
  return { ...next, spared: await next.keeper.find([sample]) };
}

test.skipIf(!onLinux)(
  'a kept process is taken over as it is: same process, port, output, stop',
  async () => {
    const first = nextRun();
    const { pid } = await launch(
      first.keeper,
      'echo up; read line < fifo; echo after; exec sleep 100',
    );
    expect((await stat(recordPath())).mode & 0o777).toBe(0o600);

    const { host, keeper } = nextRun();
    const spared = await keeper.find([sample]);
    expect(await host.endStrays(spared)).toBe(0);
    const lines: OutputLine[] = [];
    const adopted = await keeper.keep(sample).adopt((line) => lines.push(line));
    expect(adopted).toMatchObject({ pid, port: 4321 });
    expect(await keeper.keep(sample).adopt(() => {})).toBeNull();
    // What it prints from now on is read; it goes on to write to the same file.
    await appendFile(join(folder, family, 'sample.stdout'), 'seen\n');
    await vi.waitFor(() => expect(lines.map(({ text }) => text)).toContain('seen'), patience);

    expect(await adopted?.stop(2_000)).toBeNull();
    expect(await isAlive(pid)).toBe(false);
    expect(await adopted?.exited).toEqual({ code: null, signal: null });
    await expect(stat(recordPath())).rejects.toThrow('ENOENT');
  },
);

test.skipIf(!onLinux)(
  'the end of an adopted process is noticed, its exit code unknown',
  async () => {
    const { pid } = await launch(nextRun().keeper);
    const { keeper } = nextRun();
    await keeper.find([sample]);
    const adopted = await keeper.keep(sample).adopt(() => {});
    process.kill(pid, 'SIGKILL');
    expect(await adopted?.exited).toEqual({ code: null, signal: null });
  },
);

test.skipIf(!onLinux)(
  'what a kept process prints is read line by line, and its files stay small',
  async () => {
    const script = `i=0; while [ $i -lt 1500 ]; do printf '%01000d\\n' $i; i=$((i+1)); done; echo done; exec sleep 100`;
    const { lines, child } = await launch(nextRun().keeper, script);
    await vi.waitFor(() => expect(lines.at(-1)?.text).toBe('done'), patience);
    expect(lines.map(({ text }) => Number(text)).slice(0, -1)).toEqual(
      Array.from({ length: 1_500 }, (_, index) => index),
    );
    await vi.waitFor(async () => {
      expect((await stat(join(folder, family, 'sample.stdout'))).size).toBe(0);
    }, patience);
    await child.stop(100);
  },
);

test.skipIf(!onLinux).each([
  [
    'F8 of a process id that was given to somebody else',
    (record: object) => ({ ...record, startTime: '1' }),
  ],
  ['F8 from a former boot', (record: object) => ({ ...record, bootId: 'another-boot' })],
  [
    'with another cookie than the process has',
    (record: object) => ({ ...record, cookie: `${family}.kept.x-1` }),
  ],
  [
    'of a command that is configured otherwise now',
    (record: object) => ({ ...record, fingerprint: 'other' }),
  ],
  ['of another version', (record: object) => ({ ...record, version: 2 })],
])('a record %s is not believed: the process is a stray, and ended', async (_what, change) => {
  const { pid } = await launch(nextRun().keeper);
  const { host, keeper, spared } = await findWith(change);
  expect(spared).toEqual([]);
  expect(await keeper.keep(sample).adopt(() => {})).toBeNull();
  expect(await host.endStrays(spared)).toBeGreaterThan(0);
  expect(await isAlive(pid)).toBe(false);
  await expect(stat(recordPath())).rejects.toThrow('ENOENT');
});

test.skipIf(!onLinux)('F8 a truncated record is not believed', async () => {
  const { pid } = await launch(nextRun().keeper);
  const text = await readFile(recordPath(), 'utf8');
  await writeFile(recordPath(), text.slice(0, text.length / 2));
  const { host, keeper } = nextRun();
  const spared = await keeper.find([sample]);
  expect(spared).toEqual([]);
  await host.endStrays(spared);
  expect(await isAlive(pid)).toBe(false);
});

test.skipIf(!onLinux)('F8 a record that names a stranger never harms the stranger', async () => {
  const stranger: ChildProcess = spawn('sleep', ['100'], { stdio: 'ignore', detached: true });
  await once(stranger, 'spawn');
  await launch(nextRun().keeper);
  const identity = await identityOf(stranger.pid ?? 0);
  const { host, keeper, spared } = await findWith((record) => ({ ...record, ...identity }));
  expect(spared).toEqual([]);
  await host.endStrays(spared);
  expect(await keeper.keep(sample).adopt(() => {})).toBeNull();
  expect(await isAlive(stranger.pid ?? 0)).toBe(true);
  stranger.kill('SIGKILL');
});

test.skipIf(!onLinux)('a service that is no longer configured to be kept is ended', async () => {
  const { pid } = await launch(nextRun().keeper);
  const { host, keeper } = nextRun();
  await host.endStrays(await keeper.find([]));
  expect(await isAlive(pid)).toBe(false);
});
