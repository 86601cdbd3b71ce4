import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isAlive } from '../../test/processes.ts';
import { until } from '../../test/until.ts';
import { endTree } from './process-tree.ts';

afterEach(() => vi.restoreAllMocks());

/** A shell that leads a group of its own, as servers do. */
function lead(script: string) {
  const child = spawn('/bin/sh', ['-c', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  return { child, exited: once(child, 'exit') };
}

const printed = async ({ stdout }: ChildProcessByStdio<Writable, Readable, null>) =>
  (await text(stdout)).trim().split(/\s+/).map(Number);

describe.skipIf(process.platform === 'win32')('the end of a tree', () => {
  test('a system that takes its time to remove what was killed is waited for', async () => {
    const { child, exited } = lead("trap '' TERM; exec sleep 60 >&2");
    const kill = process.kill.bind(process);
    // As on a machine that is far too busy: what is killed runs on for a while.
    vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
      if (signal !== 'SIGKILL') return kill(pid, signal);
      setTimeout(() => kill(pid, signal), 1_500);
      return true;
    });
    await endTree(child, exited);
    expect(isAlive(child.pid ?? 0)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')(
    'a group in which only a zombie is left is gone, and no signal is sent to it',
    async () => {
      // The second shell leaves the group and becomes a program that never waits for its child.
      const parent = 'sleep 0 & echo $$ $!; exec setsid sleep 60 >&2';
      const { child, exited } = lead(`sh -c '${parent}' & exec >&2; read line`);
      const [careless = 0, zombie = 0] = await printed(child);
      try {
        await until(() => process.kill(zombie, 0) && !isAlive(zombie), { what: 'the zombie' });
        const kill = vi.spyOn(process, 'kill');
        await endTree(child, exited);
        expect(new Set(kill.mock.calls.map(([, signal]) => signal))).toEqual(new Set([0]));
        expect(process.kill(-(child.pid ?? 0), 0)).toBe(true);
      } finally {
        process.kill(careless, 'SIGKILL');
      }
    },
  );
});
