/** Instances that are replaced: how far an upgrade is, what the history says, ports that cannot be shared. */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { UpgradeStatus } from '../../../shared/status.ts';
import { patience } from '../../../test/patience.ts';
import { makePoolRig, type PoolRig, serverScript } from '../pool-rig.test-helper.ts';
import { findFreePort } from './free-port.ts';
import { memoryOfGroups } from './group-memory.ts';

/** `/grow?mb=N` takes memory; `/mcp` opens a session, as `serverScript`'s. */
const growingScript = serverScript.replace(
  "if (url.pathname === '/seen')",
  `if (url.pathname === '/grow') {
    globalThis.kept = Buffer.alloc(Number(url.searchParams.get('mb')) * 1048576, 1);
    return response.end();
  }
  if (url.pathname === '/seen')`,
);

const neverAborted = new AbortController().signal;
const mb = 1_048_576;

function told(rig: PoolRig): readonly string[] {
  return rig.pool.history.map(({ reason }) => reason);
}

test.runIf(process.platform === 'linux')(
  'an instance that has grown too large is replaced, once, and its session lives on',
  async () => {
    await using rig = await makePoolRig({
      minInstances: 1,
      script: growingScript,
      recycling: { maxMemoryMb: 160, maxAgeHours: 0, lookEveryMs: 50, pauseMs: 60_000 },
    });
    await rig.pool.start();
    rig.openSession('a', 'mcp:1');
    const [before = 0] = rig.pids;
    // Nobody counts this call: the process may be replaced before it answers.
    void rig.ask(1, '/grow?mb=160').catch(() => {});
    await vi.waitFor(() => expect(rig.pids).not.toContain(before), patience);
    expect(rig.pids).toHaveLength(1);
    const session = rig.pool.sessions.get('a');
    expect(session).toMatchObject({ hasEnded: false, moves: 1 });
    expect(session?.home?.instance).toBe(rig.instance(1));
    expect(told(rig)).toContainEqual(
      expect.stringMatching(
        /^mcp:2 replaces mcp:1: it uses \d+ MiB of memory \(max_memory_mb = 160\)$/,
      ),
    );
    expect(rig.pool.status().state).toBe('ready');
  },
);

test.runIf(process.platform === 'linux')(
  'a server that is born too large is not started over and over',
  async () => {
    await using rig = await makePoolRig({
      minInstances: 1,
      recycling: { maxMemoryMb: 1, maxAgeHours: 0, lookEveryMs: 50, pauseMs: 60_000 },
    });
    await rig.pool.start();
    await vi.waitFor(() => expect(told(rig).filter(isReplacement)).toHaveLength(1), patience);
    await vi.waitFor(() => expect(rig.pids).toHaveLength(1), patience);
    // Five more looks.
    await delay(250);
    expect(told(rig).filter(isReplacement)).toHaveLength(1);
    const started = rig.transitions.filter(({ to }) => to === 'starting');
    expect(started.map(({ service }) => service)).toEqual(['mcp:1', 'mcp', 'mcp:2']);
    expect(rig.pool.instances.map(({ name }) => name)).toEqual(['mcp:2']);
  },
);

function isReplacement(reason: string): boolean {
  return reason.includes(' replaces ');
}

test('an instance that has run long enough is replaced; while a call runs, it goes on', async () => {
  const halfASecond = 0.5 / 3_600;
  await using rig = await makePoolRig({
    minInstances: 1,
    recycling: { maxMemoryMb: 0, maxAgeHours: halfASecond, lookEveryMs: 20, pauseMs: 60_000 },
  });
  await rig.pool.start();
  const old = rig.instance(1);
  old.inFlight += 1;
  await vi.waitFor(() => expect(told(rig).filter(isReplacement)).toHaveLength(1), patience);
  expect(old.draining).toBe(true);
  expect(old.isUp).toBe(true);
  old.inFlight -= 1;
  await vi.waitFor(() => expect(rig.pool.instances).not.toContain(old), patience);
  expect(told(rig)[1]).toBe('running');
  expect(told(rig)).toContain(
    `mcp:2 replaces mcp:1: it has run for ${halfASecond} hours (max_age_hours)`,
  );
});

test.runIf(process.platform === 'linux')(
  'an upgrade waits for an instance that is being recycled: never more than one too many',
  async () => {
    let most = 0;
    await using rig: PoolRig = await makePoolRig({
      minInstances: 2,
      script: growingScript,
      recycling: { maxMemoryMb: 160, maxAgeHours: 0, lookEveryMs: 50, pauseMs: 60_000 },
      onChange: () => {
        most = Math.max(most, rig.pool.instances.length);
      },
    });
    await rig.pool.start();
    const old = rig.instance(1);
    old.inFlight += 1;
    void rig.ask(1, '/grow?mb=160').catch(() => {});
    await vi.waitFor(() => expect(old.draining).toBe(true), patience);
    const upgrading = rig.pool.upgrade();
    await delay(200);
    expect(rig.pool.instances).toHaveLength(3);
    old.inFlight -= 1;
    await upgrading;
    expect(rig.pool.instances).toHaveLength(2);
    expect(most).toBe(3);
  },
);

test.runIf(process.platform === 'linux')('memory is that of the whole process group', async () => {
  await using rig = await makePoolRig({
    minInstances: 1,
    script: `
import { spawn } from 'node:child_process';
spawn(process.execPath, ['-e', 'globalThis.kept = Buffer.alloc(120 * 1048576, 1); setInterval(() => {}, 1000)']);
${serverScript}`,
  });
  await rig.pool.start();
  const [pid = 0] = rig.pids;
  await vi.waitFor(async () => {
    expect((await memoryOfGroups()).get(pid)).toBeGreaterThan(120 * mb);
  }, patience);
  const own = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  expect(Number(own) * 1_024).toBeLessThan(120 * mb);
});

test('an upgrade tells how far it is, and nothing when it is over', async () => {
  const seen: (UpgradeStatus | null | undefined)[] = [];
  await using rig: PoolRig = await makePoolRig({
    minInstances: 2,
    onChange: () => void seen.push(rig.pool.status().upgrade),
  });
  await rig.pool.start();
  expect(rig.pool.status().upgrade).toBeNull();
  await rig.pool.upgrade();
  const steps = new Set(seen.flatMap((upgrade) => upgrade?.done ?? []));
  expect([...steps]).toEqual([0, 1, 2]);
  expect(seen.find((upgrade) => upgrade)).toMatchObject({ total: 2, failed: null });
  expect(rig.pool.status().upgrade).toBeNull();
  expect(told(rig).filter(isReplacement)).toEqual([
    'mcp:3 replaces mcp:1: upgrade',
    'mcp:1 replaces mcp:2: upgrade',
  ]);
});

test('an upgrade that fails says why until the next one, and the old instances go on', async () => {
  const script = `
import { existsSync, writeFileSync } from 'node:fs';
if (existsSync('started')) process.exit(3);
writeFileSync('started', '');
${serverScript}`;
  await using rig = await makePoolRig({ minInstances: 1, script });
  await rig.pool.start();
  await expect(rig.pool.upgrade()).rejects.toThrow(/exit code 3/);
  expect(rig.pool.status().upgrade).toMatchObject({
    total: 1,
    done: 0,
    failed: expect.stringContaining('exit code 3'),
  });
  expect(rig.pool.instances).toHaveLength(1);
});

test('with one fixed port the process is replaced in its place, and the session waits for it', async () => {
  const port = (await findFreePort(0, new Set())) ?? 0;
  await using rig = await makePoolRig({
    minInstances: 1,
    maxInstances: 1,
    basePort: port,
    hasFixedPort: true,
  });
  await rig.pool.start();
  expect(rig.ports).toEqual([port]);
  rig.openSession('a', 'mcp:1');
  const before = rig.pids;
  const instance = rig.instance(1);
  instance.inFlight += 1;
  const upgrading = rig.pool.upgrade();
  await vi.waitFor(() => expect(rig.pool.sessions.get('a')?.home).toBeNull(), patience);
  // A call is under way: its process may not go yet.
  expect([instance.service.state, rig.pids]).toEqual(['ready', before]);
  instance.inFlight -= 1;
  await upgrading;
  expect(rig.ports).toEqual([port]);
  expect(rig.pids).toHaveLength(1);
  expect(rig.pids).not.toEqual(before);
  await vi.waitFor(() => expect(rig.pool.sessions.get('a')?.home).not.toBeNull(), patience);
  expect(rig.pool.sessions.get('a')).toMatchObject({ moves: 1, hasEnded: false });
  expect(await rig.pool.place(1_000, neverAborted)).toBe(rig.instance(1));
});

test('W25 a fixed port of another program is named with that program, which lives on', async () => {
  await using other = await makePoolRig({ minInstances: 1 });
  await other.pool.start();
  const [port = 0] = other.ports;
  await using rig = await makePoolRig({
    minInstances: 1,
    basePort: port ?? 0,
    hasFixedPort: true,
  });
  const owner = process.platform === 'linux' ? `node \\(pid ${other.pids[0]}\\)` : '.+';
  // Who it is must be found within five seconds, which a loaded machine may not have: then it is asked again.
  await vi.waitFor(async () => {
    await expect(rig.pool.start()).rejects.toThrow(
      new RegExp(`Port ${port} of the pool is in use by ${owner}`),
    );
  }, patience);
  expect(await other.ask(1, '/health')).toEqual({ pid: other.pids[0] });
});
