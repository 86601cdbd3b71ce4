import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimInstanceLock, type InstanceLock, lockHolder } from './instance-lock.ts';
import { becomeTheOnly } from './running-supervisor.ts';
import { createCommands } from './supervisor/control/commands.ts';
import { FakeTarget, silent } from './supervisor/control/control.test-helper.ts';
import { createDispatcher } from './supervisor/control/dispatcher.ts';
import { LineDoor } from './supervisor/control/line-door.ts';

let folder: string;
let path: string;
let socketPath: string;
let children: ChildProcess[];
let locks: (InstanceLock | null)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-lock-'));
  path = join(folder, 'control.lock');
  socketPath = join(folder, 'control.sock');
  children = [];
  locks = [];
});

afterEach(async () => {
  for (const lock of locks) lock?.release();
  await Promise.all(children.map(end));
  await rm(folder, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function claim(at = path): Promise<InstanceLock | null> {
  const lock = await claimInstanceLock(at);
  locks.push(lock);
  return lock;
}

/** A process of its own that claims the lock, says whether it got it, and keeps it until it is killed. */
async function starter(at = path): Promise<{ child: ChildProcess; got: boolean }> {
  const script = `
    import { claimInstanceLock } from ${JSON.stringify(join(import.meta.dirname, 'instance-lock.ts'))};
    const lock = await claimInstanceLock(process.argv[1]);
    console.log(lock ? 'got it' : 'taken');
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script, at], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [answer] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, got: answer.toString().startsWith('got it') };
}

const winnersOf = (starters: readonly { readonly got: boolean }[]) =>
  starters.filter(({ got }) => got).length;

test('one has the lock, another does not, until it is released', async () => {
  const first = await claim();
  expect(first).not.toBeNull();
  expect(await claim()).toBeNull();
  expect((await starter()).got).toBe(false);
  expect(await lockHolder(path)).toBe(process.pid);
  first?.release();
  first?.release();
  expect(await claim()).not.toBeNull();
});

test('W30 F10 of ten that start at once exactly one runs', async () => {
  expect(winnersOf(await Promise.all(Array.from({ length: 10 }, () => starter())))).toBe(1);
}, 60_000);

test('F10 the lock of one that was killed is taken over by exactly one of those that race for it', async () => {
  const { child } = await starter();
  await end(child);
  expect(winnersOf(await Promise.all(Array.from({ length: 5 }, () => starter())))).toBe(1);
}, 60_000);

test('F8 a process that was given the id of a dead holder is not taken for it', async () => {
  const { child } = await starter();
  await end(child);
  // This very process is alive, and is no supervisor.
  await writeFile(`${path}.pid`, `${process.pid}\n`);
  expect((await starter()).got).toBe(true);
}, 30_000);

test.skipIf(process.platform === 'win32')(
  'F2 one that is stopped for a while, as by a sleeping laptop, keeps its lock',
  async () => {
    const { child } = await starter();
    child.kill('SIGSTOP');
    expect(await claim()).toBeNull();
    child.kill('SIGCONT');
  },
);

test('two configurations have two locks', async () => {
  expect(await claim()).not.toBeNull();
  expect(await claim(join(folder, 'control-abc.lock'))).not.toBeNull();
});

test('something else in the way is named with its cure, and left as it was', async () => {
  const text = 'precious '.repeat(100);
  await writeFile(path, text);
  await expect(claim()).rejects.toMatchObject({
    code: 'already_running',
    message: expect.stringMatching(/control\.lock: .*Remove what is there/),
  });
  expect(await readFile(path, 'utf8')).toBe(text);
  await rm(path);
  await mkdir(path);
  await expect(claim()).rejects.toMatchObject({ code: 'already_running' });
});

describe('a start', () => {
  const start = (patienceMs = 10_000) => becomeTheOnly({ lockPath: path, socketPath, patienceMs });

  async function openDoor(target = new FakeTarget()): Promise<LineDoor> {
    const door = new LineDoor(createDispatcher(createCommands(target)), silent);
    await door.listenSocket(socketPath);
    return door;
  }

  test('becomes the only one where there is none', async () => {
    const place = await start(0);
    expect(place.kind).toBe('ours');
    if (place.kind === 'ours') locks.push(place.lock);
    expect(await claim()).toBeNull();
  });

  test('W30 asks the one that runs to show its window, and leaves it alone', async () => {
    await claim();
    const target = new FakeTarget();
    const door = await openDoor(target);
    expect(await start()).toMatchObject({ kind: 'taken', by: { pid: 4242, mode: 'desktop' } });
    expect(target.asked).toEqual(['show']);
    await door.close();
  });

  test('finds one of an earlier version, which has no lock, and keeps none itself', async () => {
    const door = await openDoor();
    expect(await start()).toMatchObject({ kind: 'taken' });
    await door.close();
    expect(await claim()).not.toBeNull();
  });

  test('F10 waits for one that is only starting', async () => {
    await claim();
    const place = start();
    const door = await openDoor();
    expect(await place).toMatchObject({ kind: 'taken' });
    await door.close();
  });

  test('F10 takes the place of one that is just ending', async () => {
    const first = await claim();
    const place = start();
    setImmediate(() => first?.release());
    const mine = await place;
    expect(mine.kind).toBe('ours');
    if (mine.kind === 'ours') locks.push(mine.lock);
  });

  test('tells which process has the place and does not answer', async () => {
    await claim();
    await expect(start(0)).rejects.toMatchObject({
      code: 'already_running',
      message: expect.stringMatching(
        new RegExp(`process ${process.pid}\\) .* does not answer .*end that process`),
      ),
    });
  });

  test.skipIf(process.getuid?.() !== 0)('F10 does not use the folder of another user', async () => {
    await chown(folder, 12_345, 12_345);
    await expect(start()).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringContaining('another user'),
    });
  });
});
