import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './start-lock.mjs';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-lock-test-'));
  lock = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const unexpected = () => {
  throw new Error('It waited.');
};

async function leaveLock(pid: number): Promise<void> {
  await mkdir(lock);
  await writeFile(join(lock, 'owner.json'), JSON.stringify({ id: 'left', pid }));
}

test('of many that want the lock, one works at a time and all get their turn', async () => {
  let inside = 0;
  let most = 0;
  const waited: number[] = [];
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
    return 'done';
  };
  const all = Array.from({ length: 8 }, () =>
    withLock(lock, { onWait: (pid: number) => waited.push(pid) }, work),
  );
  expect(await Promise.all(all)).toEqual(Array(8).fill('done'));
  expect(most).toBe(1);
  expect(waited).toEqual(Array(7).fill(process.pid));
  expect(await readdir(folder)).toEqual([]);
});

test('a lock is released when the work fails', async () => {
  const fails = withLock(lock, { onWait: unexpected }, () => Promise.reject(new Error('no')));
  await expect(fails).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a process that is gone is taken over at once, by one of several', async () => {
  await leaveLock(spawnSync(process.execPath, ['-e', '']).pid);
  let inside = 0;
  const work = async () => {
    inside += 1;
    expect(inside).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    inside -= 1;
  };
  const onWait = () => undefined;
  await Promise.all([withLock(lock, { onWait }, work), withLock(lock, { onWait }, work)]);
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a recycled pid is taken over once it is 30 s old, and not before', async () => {
  await leaveLock(process.pid);
  const waited: number[] = [];
  const taken = withLock(lock, { onWait: (pid: number) => waited.push(pid) }, async () => 'mine');
  await expect.poll(() => waited).toEqual([process.pid]);
  const old = new Date(Date.now() - 31_000);
  await utimes(join(lock, 'owner.json'), old, old);
  expect(await taken).toBe('mine');
});

test("a lock folder that is nobody's is taken over once it is 30 s old", async () => {
  await mkdir(lock);
  const old = new Date(Date.now() - 31_000);
  await utimes(lock, old, old);
  expect(await withLock(lock, { onWait: unexpected }, async () => 'mine')).toBe('mine');
});
