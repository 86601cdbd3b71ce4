/** Bounds and programs that change while a pool runs. */
import { expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { makePoolRig, serverScript } from '../pool-rig.test-helper.ts';
import type { PoolBounds } from './bounds.ts';

const bounds: PoolBounds = {
  minInstances: 1,
  maxInstances: 4,
  maxSessionsPerInstance: 100,
  maxSessions: 0,
  failover: true,
  scaleDownAfterMs: 0,
  drainTimeoutMs: 60_000,
  sessionIdleMs: 0,
  startWaitMs: 10_000,
  recycling: { maxMemoryMb: 0, maxAgeHours: 0, lookEveryMs: 10, pauseMs: 0 },
};

test('a higher minimum starts what is missing, a lower maximum takes away what is too many, with its sessions moved', async () => {
  await using rig = await makePoolRig({ minInstances: 1 });
  await rig.pool.open();
  const [first] = rig.pids;
  await rig.pool.setBounds({ ...bounds, minInstances: 3 });
  expect(rig.pids).toHaveLength(3);
  expect(rig.pids[0]).toBe(first);
  rig.openSession('a', 'mcp:2');
  rig.openSession('b', 'mcp:3');
  await rig.pool.setBounds({ ...bounds, maxInstances: 1 });
  expect(rig.pids).toHaveLength(1);
  const homes = rig.pool.sessionStatuses().map(({ instance }) => instance);
  const [left] = rig.pool.instances;
  expect(homes).toEqual([left?.name, left?.name]);
});

test('a bound on sessions counts for the next one, and idle times for those that are open', async () => {
  await using rig = await makePoolRig({ minInstances: 1 });
  await rig.pool.open();
  rig.openSession('a', 'mcp:1');
  await rig.pool.setBounds({ ...bounds, maxSessions: 1 });
  expect(() => rig.pool.admit()).toThrow(/All 1 sessions are taken/);
  await rig.pool.setBounds({ ...bounds, sessionIdleMs: 50 });
  await vi.waitFor(() => expect(rig.pool.sessions.size).toBe(0), patience);
  expect(() => rig.pool.admit()()).not.toThrow();
});

test('from now on it rests while nobody needs it, or never again', async () => {
  await using rig = await makePoolRig({ minInstances: 1 });
  await rig.pool.open();
  await rig.pool.setBounds({ ...bounds, minInstances: 0, scaleDownAfterMs: 50 });
  await vi.waitFor(() => expect(rig.pool.isResting).toBe(true), patience);
  expect(rig.pool.status().onDemand).toBe(true);
  await rig.pool.setBounds(bounds);
  expect(rig.pids).toHaveLength(1);
  expect([rig.pool.isResting, rig.pool.status().onDemand]).toEqual([false, false]);
});

test('a pool that was stopped stays stopped, whatever its bounds and program', async () => {
  await using rig = await makePoolRig({ minInstances: 1 });
  await rig.pool.open();
  await rig.pool.stop('by hand');
  await rig.pool.setBounds({ ...bounds, minInstances: 2 });
  await rig.pool.renew('test');
  expect(rig.pool.status().state).toBe('stopped');
  await rig.pool.start();
  expect(rig.pids).toHaveLength(2);
});

test('another program replaces every instance, also one whose turn it was already', async () => {
  await using rig = await makePoolRig({ minInstances: 2 });
  await rig.pool.open();
  const old = rig.pids;
  rig.openSession('a', 'mcp:1');
  // An upgrade runs; what it has begun may be the program of before.
  const first = rig.pool.upgrade();
  await vi.waitFor(() => expect(rig.pool.instances.length).toBeGreaterThan(2), patience);
  const between = rig.pids;
  await Promise.all([rig.pool.renew('test'), rig.pool.renew('test')]);
  await first;
  expect(rig.pids).toHaveLength(2);
  for (const pid of [...old, ...between]) expect(rig.pids).not.toContain(pid);
  expect(rig.pool.sessions.size).toBe(1);
});

test('where no instance is up, all begin anew with the new program', async () => {
  let isBroken = true;
  await using rig = await makePoolRig({
    minInstances: 1,
    launch: (_name, port) => ({
      command: process.execPath,
      args: [
        '-e',
        isBroken ? 'process.exit(1)' : serverScript,
        ...(isBroken ? [] : ['x', String(port)]),
      ],
      workingDir: undefined,
      env: {},
      port,
      url: null,
      readiness: { kind: 'http', url: `http://127.0.0.1:${port}/health` },
    }),
    script: '',
  });
  const opened = rig.pool.open().catch(() => {});
  await vi.waitFor(() => expect(rig.pool.status().lastError).toMatch(/exit code 1/), patience);
  isBroken = false;
  await rig.pool.renew('test');
  expect(rig.pool.status().state).toBe('ready');
  await opened;
});
