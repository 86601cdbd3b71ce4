/** A pool whose least number of instances is 0: it rests until it is needed. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { isAlive, makePoolRig, serverScript } from '../pool-rig.test-helper.ts';

const neverAborted = new AbortController().signal;

/** It takes a while until it listens, so that requests come while it starts. */
const slowScript = `await new Promise((go) => setTimeout(go, 300));${serverScript}`;

test('a pool that rests starts nothing, and that is no fault', async () => {
  await using rig = await makePoolRig({ minInstances: 0 });
  await rig.pool.open();
  expect(rig.pids).toEqual([]);
  expect(rig.pool.isResting).toBe(true);
  expect(rig.pool.status()).toMatchObject({
    state: 'stopped',
    onDemand: true,
    reason: 'starts with the next request',
    lastError: null,
  });
});

test('ten first requests at once start one process, and all are placed on it', async () => {
  await using rig = await makePoolRig({ minInstances: 0, maxInstances: 4, script: slowScript });
  await rig.pool.open();
  const placing = Array.from({ length: 10 }, () => rig.pool.place(0, neverAborted));
  const placed = await Promise.all(placing);
  expect(new Set(placed)).toEqual(new Set([rig.instance(1)]));
  expect(
    rig.transitions.filter(({ to }) => to === 'starting').map(({ service }) => service),
  ).toEqual(['mcp:1', 'mcp']);
  expect(rig.pool.status()).toMatchObject({ state: 'ready', pid: rig.pids[0] });
});

test('a first request is told why the server does not start', async () => {
  await using rig = await makePoolRig({
    minInstances: 0,
    script: 'console.error("no licence here"); process.exit(7)',
  });
  await rig.pool.open();
  await expect(rig.pool.place(0, neverAborted)).rejects.toThrow(
    /^No MCP instance is running \(.*exit code 7: no licence here\)\.$/,
  );
  expect(rig.pool.isResting).toBe(false);
});

test('a first request waits no longer than it is allowed to', async () => {
  await using rig = await makePoolRig({ minInstances: 0, startWaitMs: 200, script: slowerThanAll });
  await rig.pool.open();
  await expect(rig.pool.place(0, neverAborted)).rejects.toMatchObject({
    code: 'instance_unavailable',
    message: 'No MCP instance is running (it is not ready after 200 ms).',
  });
});

const slowerThanAll = 'setInterval(() => {}, 1_000);';

test('a client that leaves while the first instance starts does not stop it for the others', async () => {
  await using rig = await makePoolRig({ minInstances: 0, script: slowScript });
  await rig.pool.open();
  const leaving = new AbortController();
  const first = rig.pool.place(0, leaving.signal);
  const second = rig.pool.place(0, neverAborted);
  leaving.abort();
  await expect(first).rejects.toThrow(/abort/);
  expect(await second).toBe(rig.instance(1));
});

test('the last instance is stopped when it is not needed, and the next request starts one again', async () => {
  await using rig = await makePoolRig({ minInstances: 0, scaleDownAfterMs: 100 });
  await rig.pool.open();
  await rig.pool.place(0, neverAborted);
  const [pid = 0] = rig.pids;
  await vi.waitFor(() => expect(rig.pool.isResting).toBe(true), patience);
  expect(isAlive(pid)).toBe(false);
  expect(rig.pool.status()).toMatchObject({
    state: 'stopped',
    reason: 'not needed; starts with the next request',
  });
  const again = await rig.pool.place(0, neverAborted);
  expect(again.isUp).toBe(true);
  expect(rig.pids[0]).not.toBe(pid);
});

test('W13 the last instance stays while a session, a call or a visit needs it', async () => {
  await using rig = await makePoolRig({ minInstances: 0, scaleDownAfterMs: 50 });
  await rig.pool.open();
  const instance = await rig.pool.place(0, neverAborted);
  instance.inFlight += 1;
  // Several looks of the caretaker.
  await delay(250);
  expect(rig.pool.instances).toEqual([instance]);
  rig.openSession('a', instance.name);
  instance.inFlight -= 1;
  await delay(250);
  expect(rig.pool.instances).toEqual([instance]);
  const leave = await rig.pool.visit(0, neverAborted);
  rig.pool.sessions.close('a');
  await delay(250);
  expect(rig.pool.instances).toEqual([instance]);
  leave();
  // Whoever leaves twice is counted once.
  leave();
  expect(instance.visits).toBe(0);
  await vi.waitFor(() => expect(rig.pool.isResting).toBe(true), patience);
});

test('a start by hand starts one instance; after a stop by hand no request does', async () => {
  await using rig = await makePoolRig({ minInstances: 0 });
  await rig.pool.open();
  await rig.pool.start();
  expect(rig.pids).toHaveLength(1);
  await rig.pool.stop('by hand');
  await expect(rig.pool.place(0, neverAborted)).rejects.toThrow(/stopped: by hand/);
  expect(rig.pids).toEqual([]);
});
