/** Real shells on real pseudo-terminals. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { processesWithCookie } from './cookie.ts';
import { loadPty, PtyProcess, type PtySize } from './pty-process.ts';
import type { Exit } from './supervised-process.ts';

const onLinux = process.platform === 'linux';
const cookie = `pty-test.${randomUUID()}`;
const guardian = { began: vi.fn(), ended: vi.fn() };

afterEach(async () => {
  for (const pid of await processesWithCookie(cookie)) process.kill(pid, 'SIGKILL');
});

async function open(args: readonly string[] = [], size: PtySize = { columns: 80, rows: 24 }) {
  let output = '';
  const ends: Exit[] = [];
  const command = {
    command: '/bin/sh',
    args,
    workingDir: '/',
    env: { PATH: process.env['PATH'], PS1: 'prompt> ' },
  };
  const shell = new PtyProcess(await loadPty(), command, {
    cookie,
    guardian,
    size,
    onOutput: (bytes) => {
      output += bytes.toString();
    },
    onEnd: (exit) => ends.push(exit),
  });
  const sees = async (text: string) =>
    await vi.waitFor(
      // Not toContain: it would print a megabyte each time.
      () => expect(output.includes(text), `${text} in ${output.slice(-200)}`).toBe(true),
      { ...patience, interval: 20 },
    );
  return { shell, sees, ends, output: () => output };
}

/** What all of it wrote so far (proc(5), /proc/pid/io). */
async function bytesWritten(): Promise<number> {
  const pids = await processesWithCookie(cookie);
  const texts = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/io`, 'utf8').catch(() => '')),
  );
  return texts.reduce((sum, text) => sum + Number(/wchar: (\d+)/.exec(text)?.[1] ?? 0), 0);
}

test.skipIf(!onLinux)('a shell has a terminal: its size, its type, and answers', async () => {
  const { shell, sees } = await open([], { columns: 97, rows: 31 });
  shell.write(Buffer.from('stty size; echo "type=$TERM"\n'));
  await sees('31 97');
  await sees('type=xterm-256color');
  shell.resize({ columns: 120, rows: 40 });
  shell.write(Buffer.from('stty size\n'));
  await sees('40 120');
  expect(await shell.stop(1_000)).toBeNull();
});

test.skipIf(!onLinux)(
  'closing it ends every job, also stopped ones and those of their own session',
  async () => {
    const { shell, sees } = await open();
    shell.write(
      Buffer.from(
        "sleep 1000 & setsid sleep 1001 & nohup sleep 1002 >/dev/null & sh -c 'kill -STOP $$' & echo ready=$((1+1))\n",
      ),
    );
    await sees('ready=2');
    await vi.waitFor(
      async () => expect((await processesWithCookie(cookie)).length).toBeGreaterThanOrEqual(5),
      patience,
    );
    expect(await shell.stop(300)).toBeNull();
    expect(await processesWithCookie(cookie)).toEqual([]);
    expect(guardian.ended).toHaveBeenLastCalledWith(shell.pid);
  },
);

test.skipIf(!onLinux)(
  'a shell that ends by itself says so before anybody else, with its code',
  async () => {
    const { shell, ends } = await open(['-c', 'exit 7']);
    expect(await shell.exited).toEqual({ code: 7, signal: null });
    expect(ends).toEqual([{ code: 7, signal: null }]);
    expect(await shell.sweep()).toBeNull();
  },
);

test.skipIf(!onLinux)('a shell that is killed names the signal', async () => {
  const { shell } = await open();
  process.kill(shell.pid, 'SIGKILL');
  expect(await shell.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test.skipIf(!onLinux)(
  'while it is paused a flood waits in the program, and nothing of it is lost',
  async () => {
    const { shell, sees, output } = await open(['-c', 'seq 1 200000; echo the-end']);
    shell.pause();
    // It writes until the system's buffer is full, and then sleeps in the write.
    let written = 0;
    await vi.waitFor(
      async () => {
        const before = written;
        written = await bytesWritten();
        expect(written > 0 && written === before).toBe(true);
      },
      { ...patience, interval: 50 },
    );
    expect(written).toBeLessThan(512 * 1024);
    shell.resume();
    await sees('the-end');
    expect(output().match(/\n/g)?.length).toBe(200_001);
    await shell.exited;
  },
);

test('without the native module the message names the package and the cure', async () => {
  const attempt = loadPty(() => Promise.reject(new Error('no binary\nlong help')));
  await expect(attempt).rejects.toMatchObject({ code: 'service_failed' });
  await expect(attempt).rejects.toThrow(/node-pty.*no binary\. Run "npm install"/);
});
