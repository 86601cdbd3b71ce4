import { expect, test, vi } from 'vitest';
import type { ServiceState } from '../../../shared/status.ts';
import { patience } from '../../../test/patience.ts';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { poolState } from './pool-state.ts';

const neverAborted = new AbortController().signal;

function placed(rig: Rig, sessions: readonly string[]): readonly string[] {
  return sessions.map((id) => rig.home(id).name);
}

/** Opens so many sessions, one after the other. */
async function openSessions(rig: Rig, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) ids.push(await rig.initialize());
  return ids;
}

async function untilUp(rig: Rig, count: number): Promise<void> {
  await vi.waitFor(() => {
    expect(rig.pool.instances.filter((each) => each.isUp)).toHaveLength(count);
  }, patience);
}

test.each<[ServiceState, boolean, ServiceState[]]>([
  ['stopped', false, []],
  ['stopped', true, []],
  ['stopped', false, ['stopped', 'stopped']],
  ['stopped', true, ['stopped']],
  ['stopped', false, ['failed', 'stopped']],
  ['failed', true, ['failed', 'stopped']],
  ['stopping', false, ['stopping', 'stopped']],
  ['starting', true, ['starting', 'stopped']],
  ['starting', true, ['starting', 'failed']],
  ['starting', true, ['starting', 'crash_loop']],
  ['backing_off', true, ['backing_off', 'crash_loop', 'failed']],
  ['crash_loop', true, ['failed', 'crash_loop']],
  ['unhealthy', true, ['unhealthy', 'starting', 'failed']],
  ['ready', true, ['failed', 'crash_loop', 'unhealthy', 'ready']],
  ['ready', false, ['ready', 'stopping']],
])('the pool is %s when wanted is %s and its instances are %j', (state, wanted, states) => {
  expect(poolState(states, wanted)).toBe(state);
});

test('a pool that is full gets another instance, and the session at hand its place at once', async () => {
  await using rig = await startRig({ maxInstances: 3, maxSessionsPerInstance: 2 });
  expect(placed(rig, await openSessions(rig, 2))).toEqual(['up1', 'up1']);
  expect(rig.services).toHaveLength(1);
  expect(placed(rig, await openSessions(rig, 1))).toEqual(['up1']);
  await untilUp(rig, 2);
  expect(placed(rig, await openSessions(rig, 2))).toEqual(['up2', 'up2']);
  expect(rig.services).toHaveLength(2);
});

test('a full pool never grows above its maximum, and goes on taking sessions', async () => {
  await using rig = await startRig({ maxInstances: 2, maxSessionsPerInstance: 1 });
  await openSessions(rig, 2);
  await untilUp(rig, 2);
  await openSessions(rig, 8);
  expect(rig.services).toHaveLength(2);
  expect(rig.pool.instances.map((each) => rig.pool.sessions.countOn(each))).toEqual([5, 5]);
});

test('W13 a burst starts one instance, not one for each session, and none while one is on its way', async () => {
  const started = Promise.withResolvers<void>();
  await using rig = await startRig({
    maxInstances: 4,
    maxSessionsPerInstance: 1,
    untilStarted: (name) => (name === 'mcp:1' ? Promise.resolve() : started.promise),
  });
  const ids = await Promise.all(Array.from({ length: 10 }, () => rig.initialize()));
  expect(new Set(placed(rig, ids))).toEqual(new Set(['up1']));
  expect(rig.pool.instances.map(({ service }) => service.state)).toEqual(['ready', 'starting']);
  started.resolve();
  await untilUp(rig, 2);
  expect(placed(rig, await openSessions(rig, 1))).toEqual(['up2']);
});

test('W13 an instance that cannot start does not make the pool start more and more', async () => {
  await using rig = await startRig({ maxInstances: 4, maxSessionsPerInstance: 1 });
  await openSessions(rig, 2);
  await untilUp(rig, 2);
  rig.service(2).enter('crash_loop');
  await openSessions(rig, 5);
  expect(rig.services).toHaveLength(2);
});

test('W12 an instance that misses probes gets no new session while a healthy one is there', async () => {
  await using rig = await startRig({ instances: 2 });
  rig.service(1).enter('unhealthy');
  expect(placed(rig, await openSessions(rig, 3))).toEqual(['up2', 'up2', 'up2']);
  rig.service(2).enter('unhealthy');
  expect(placed(rig, await openSessions(rig, 1))).toEqual(['up1']);
  rig.service(1).enter('ready');
  expect(placed(rig, await openSessions(rig, 1))).toEqual(['up1']);
});

test('with failover off, an instance that misses probes keeps its sessions, one that went down does not', async () => {
  await using rig = await startRig({ instances: 2, failover: false });
  const [one = '', two = ''] = await openSessions(rig, 2);
  rig.service(1).enter('unhealthy');
  expect(rig.pool.sessions.get(one)).toBeDefined();
  rig.service(1).enter('stopping');
  expect(rig.pool.sessions.get(one)).toBeUndefined();
  expect(rig.pool.sessions.get(two)).toBeDefined();
});

test('an instance that misses probes keeps its sessions, those of one that goes down move', async () => {
  await using rig = await startRig({ instances: 2 });
  const [one = '', two = ''] = await openSessions(rig, 2);
  rig.service(1).enter('unhealthy');
  expect(placed(rig, [one, two])).toEqual(['up1', 'up2']);
  rig.service(1).enter('stopping');
  await vi.waitFor(() => expect(rig.pool.sessions.get(one)?.home).not.toBeNull(), patience);
  expect(placed(rig, [one, two])).toEqual(['up2', 'up2']);
});

test('with equally many sessions the one with less to do is taken', async () => {
  await using rig = await startRig({ instances: 2 });
  const [first] = rig.pool.instances;
  if (first) first.inFlight = 3;
  expect((await rig.pool.place(0, neverAborted)).name).toBe('mcp:2');
  if (first) first.inFlight = 0;
  expect((await rig.pool.place(0, neverAborted)).name).toBe('mcp:1');
});

test('W17 a session waits for an instance as long as it is told, then gets the reason', async () => {
  await using rig = await startRig();
  rig.service().enter('crash_loop');
  const started = performance.now();
  await expect(rig.pool.place(200, neverAborted)).rejects.toMatchObject({
    code: 'instance_unavailable',
    message: 'No MCP instance is running (crash loop: now crash_loop).',
  });
  expect(performance.now() - started).toBeGreaterThanOrEqual(195);
});

test('nobody waits for a pool that is stopped', async () => {
  await using rig = await startRig();
  await rig.pool.stop('by hand');
  await expect(rig.pool.place(60_000, neverAborted)).rejects.toThrow(
    'No MCP instance is running (stopped: by hand).',
  );
});

test('who does not want to wait any longer is let go', async () => {
  await using rig = await startRig();
  rig.service().enter('starting');
  const waiting = new AbortController();
  const place = rig.pool.place(60_000, waiting.signal);
  waiting.abort();
  await expect(place).rejects.toThrow(/abort/);
});

test('the pool as a whole tells its changes once, with time and reason', async () => {
  await using rig = await startRig({ instances: 2 });
  rig.service(1).enter('failed');
  rig.service(2).enter('failed');
  rig.service(1).enter('ready');
  await rig.pool.stop('by hand');
  const told = rig.pool.history.map(({ service, from, to }) => `${service} ${from} ${to}`);
  expect(told).toEqual([
    'mcp stopped starting',
    'mcp starting ready',
    'mcp ready failed',
    'mcp failed ready',
    'mcp ready stopped',
  ]);
  expect(rig.pool.history.at(-1)?.reason).toBe('by hand');
  expect(rig.pool.status()).toMatchObject({ state: 'stopped', reason: 'by hand' });
});
