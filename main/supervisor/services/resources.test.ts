import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ProcessTable, rowOf, rowsOfPs, treesIn } from './process-table.ts';
import { Resources } from './resources.ts';

const isLinux = process.platform === 'linux';

let children: ChildProcess[];
let resources: Resources[];

beforeEach(() => {
  children = [];
  resources = [];
});

afterEach(async () => {
  vi.restoreAllMocks();
  for (const each of resources) each.close();
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await once(child, 'exit');
  }
});

/** A shell in a group of its own that has begun to do what the script says. */
async function tree(script: string, ...args: readonly string[]): Promise<number> {
  const child = spawn('sh', ['-c', `${script}\necho begun\nwait`, 'sh', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child.pid ?? 0;
}

function measure(...pids: readonly number[]) {
  const samples = vi.fn();
  const made = new Resources({ roots: () => new Set(pids), onSample: samples });
  resources.push(made);
  return { made, samples };
}

const unknown = { cpuPercent: null, rssBytes: null, processes: null, startedAt: null };

describe.runIf(isLinux)('what services use', () => {
  test('counts the whole tree: children, grandchildren and who was left in the group', async () => {
    const pid = await tree('sleep 60 & sh -c "sleep 61 & exit" & sh -c "sleep 62; true" &');
    const { made } = measure(pid);
    made.look();
    // The shell that only began `sleep 61` ends; the sleep has lost its parent but not its group.
    await vi.waitFor(() => expect(made.usageOf(pid).processes).toBe(5), { timeout: 10_000 });
    const { rssBytes, startedAt } = made.usageOf(pid);
    expect(rssBytes).toBeGreaterThan(1024 * 1024);
    expect(rssBytes).toBeLessThan(100 * 1024 * 1024);
    expect(Math.abs(Date.parse(startedAt ?? '') - Date.now())).toBeLessThan(60_000);
  }, 15_000);

  test('tells a busy tree from an idle one', async () => {
    const busy = await tree('sh -c "while :; do :; done" &');
    const idle = await tree('sleep 60 &');
    const { made } = measure(busy, idle);
    made.look();
    await vi.waitFor(() => expect(made.usageOf(busy).cpuPercent).toBeGreaterThan(5), {
      timeout: 10_000,
    });
    expect(made.usageOf(idle).cpuPercent).toBeLessThan(5);
    expect(made.usageOf(busy).cpuPercent).toBeLessThan(150);
  }, 15_000);

  test('is measured while somebody looks, and not a moment longer', async () => {
    const pid = await tree('sleep 60 &');
    const trees = vi.spyOn(ProcessTable.prototype, 'trees');
    const { made, samples } = measure(pid);
    expect(made.usageOf(pid)).toEqual(unknown);
    const leave = [made.look(), made.look()];
    await vi.waitFor(() => expect(samples).toHaveBeenCalledTimes(2), { timeout: 10_000 });
    expect(made.self).toMatchObject({ rssBytes: expect.any(Number) });
    expect(made.self?.eventLoopDelayMs).toBeGreaterThanOrEqual(0);
    leave[0]?.();
    leave[0]?.();
    expect(made.self).not.toBeNull();
    leave[1]?.();
    expect([made.self, made.usageOf(pid)]).toEqual([null, unknown]);

    // Nothing is left that could call again: no timer, no reading.
    vi.useFakeTimers();
    try {
      const calls = trees.mock.calls.length;
      await vi.advanceTimersByTimeAsync(60_000);
      expect(vi.getTimerCount()).toBe(0);
      expect(trees).toHaveBeenCalledTimes(calls);
    } finally {
      vi.useRealTimers();
    }
  }, 15_000);

  test('a single question keeps it measured for ten seconds, a further one for ten more', () => {
    vi.useFakeTimers();
    try {
      const { made } = measure();
      const leave = vi.fn();
      vi.spyOn(made, 'look').mockReturnValue(leave);
      made.glance();
      vi.advanceTimersByTime(9_000);
      made.glance();
      vi.advanceTimersByTime(9_000);
      expect(leave).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1_001);
      expect(leave).toHaveBeenCalledOnce();
      expect(made.look).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });

  test('one tree is told process by process, without the secrets of its commands', async () => {
    const pid = await tree('sleep 60 &', '--token', 's3cret', 'x'.repeat(1_000));
    const { made } = measure();
    const processes = await made.tree(pid);
    expect(processes.map(({ parent }) => parent)).toEqual([process.pid, pid]);
    expect(processes[0]).toMatchObject({
      pid,
      command: expect.stringMatching(/^sh -c .*--token \[redacted\] x+…$/s),
    });
    expect(processes[0]?.command.length).toBe(300);
    expect(processes[1]?.command).toBe('sleep 60');
    expect(JSON.stringify(processes)).not.toContain('s3cret');
    expect(await made.tree(2 ** 22 + 1)).toEqual([]);
  });

  test('strangers are read once; one that turns out to be ours is found all the same', async () => {
    const [first, second] = [await tree('sleep 60 &'), await tree('sleep 60 &')];
    const table = new ProcessTable();
    // The second one is a stranger now, with all that it started.
    await table.trees(new Set([first]));
    const now = await table.trees(new Set([first, second]));
    expect([now.get(first)?.length, now.get(second)?.length]).toEqual([2, 2]);
    const later = await table.trees(new Set([first, second]));
    expect(later.get(second)?.map(({ pid }) => pid)).toEqual(
      now.get(second)?.map(({ pid }) => pid),
    );
  });
});

test('a line of /proc/PID/stat is read with the units of the machine', () => {
  // A name that tries to look like fields.
  const stat = `12 (a) S 9 (b) S 7 12 12 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 6000 999 300 18446744073709551615`;
  const machine = { pageBytes: 16_384, ticksPerSecond: 100 };
  expect(rowOf(12, stat, machine, 1_000_000)).toEqual({
    pid: 12,
    parent: 7,
    group: 12,
    rssBytes: 300 * 16_384,
    cpuMs: 3_000,
    startedAt: 1_060_000,
  });
  expect(rowOf(12, stat.replace('S 7', 'Z 7'), machine, 0)).toBeNull();
  expect(rowOf(12, '', machine, 0)).toBeNull();
});

test('the output of ps (macOS) is understood', () => {
  const output = [
    '    1     0     1  12345   1:02.50    05-10:00:00',
    '  501     1   501   2048   0:00.07          00:10',
    '  502   501   501    100  26:00:01       01:00:00',
    '',
  ].join('\n');
  const now = Date.UTC(2026, 10, 22);
  expect(rowsOfPs(output, now)).toMatchObject([
    { pid: 1, parent: 0, rssBytes: 12_345 * 1024, cpuMs: 62_500 },
    { pid: 501, parent: 1, group: 501, cpuMs: 70, startedAt: now - 10_000 },
    { pid: 502, parent: 501, cpuMs: 93_601_000, startedAt: now - 3_600_000 },
  ]);
});

test('trees are told apart, also one within another; a number that is unknown has none', () => {
  const row = (pid: number, parent: number, group = pid) => ({
    pid,
    parent,
    group,
    rssBytes: 1,
    cpuMs: 1,
    startedAt: 1,
  });
  const rows = [row(2, 1), row(3, 2), row(4, 3), row(5, 1, 2), row(6, 1), row(1, 0)];
  const trees = treesIn(rows, new Set([2, 3, 9]));
  const pids = (root: number) => trees.get(root)?.map(({ pid }) => pid);
  expect([pids(2), pids(3), pids(9)]).toEqual([[2, 5, 3, 4], [3, 4], undefined]);
});
