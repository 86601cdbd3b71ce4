import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { cookieName, processesWithCookie } from './cookie.ts';
import { environmentOf } from './proc-environment.ts';

vi.mock('node:timers/promises', async (original) => {
  const timers = await original<typeof import('node:timers/promises')>();
  return { ...timers, setTimeout: vi.fn(timers.setTimeout) };
});

const onLinux = process.platform === 'linux';
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** A process that sleeps, as soon as it is that program. */
async function sleeper(env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn('/bin/sleep', ['100'], { env, stdio: 'ignore' });
  started.push(child);
  const { pid = 0 } = child;
  await vi.waitFor(async () => {
    expect(await readFile(`/proc/${pid}/cmdline`, 'latin1')).toMatch(/^\/bin\/sleep/);
  }, patience);
  return pid;
}

test.skipIf(!onLinux)('a cookie is found behind a large environment', async () => {
  const cookie = `large${process.pid}`;
  // Node hands the environment over in the order of its keys.
  const large = Object.fromEntries([1, 2, 3].map((index) => [`AAA_${index}`, 'x'.repeat(30_000)]));
  const pid = await sleeper({ ...large, [cookieName]: `${cookie}.run.1` });
  expect(await processesWithCookie(cookie)).toEqual([pid]);
  expect(await processesWithCookie(`${cookie}.run`)).toEqual([pid]);
  expect(await processesWithCookie(`${cookie}.ru`)).toEqual([]);
});

test.skipIf(!onLinux)(
  'a process that was started without an environment holds up no sweep',
  async () => {
    const pid = await sleeper({});
    vi.mocked(delay).mockClear();
    expect((await environmentOf(pid)).length).toBe(0);
    expect(delay).not.toHaveBeenCalled();
  },
);

test.skipIf(!onLinux)('threads of the kernel and the dead have no environment', async () => {
  const pid = await sleeper({ HERE: 'yes' });
  expect((await environmentOf(pid)).toString()).toBe('HERE=yes\0');
  started[0]?.kill('SIGKILL');
  await vi.waitFor(async () => expect((await environmentOf(pid)).length).toBe(0), patience);
  expect((await environmentOf(2)).length).toBe(0);
});
