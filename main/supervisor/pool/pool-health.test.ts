/**
 * Slow on purpose: the pool asks its instances every five seconds whether they live, and this is about
 * what it does when they do not answer.
 */
import { expect, test, vi } from 'vitest';
import { makePoolRig } from '../pool-rig.test-helper.ts';

/** Longer than the three probes, five seconds apart, after which an idle instance is given up. */
const blockedMs = 17_000;

test.concurrent('W14 an instance that is busy with a long call is not killed for missing probes', {
  timeout: 60_000,
}, async () => {
  await using rig = await makePoolRig({ minInstances: 1, probeTimeoutMs: 100 });
  await rig.pool.start();
  const { pids } = rig;
  rig.openSession('mine', 'mcp:1');
  // The gateway counts so while a call runs.
  rig.instance(1).inFlight += 1;
  const started = performance.now();
  await rig.ask(1, `/sleep?ms=${blockedMs}`);
  rig.instance(1).inFlight -= 1;
  expect(performance.now() - started).toBeGreaterThan(blockedMs - 500);
  expect(rig.pids).toEqual(pids);
  expect(rig.instance(1).service.status()).toMatchObject({ state: 'ready', restarts: 0 });
  expect(rig.pool.sessions.get('mine')).toBeDefined();
});

test.concurrent('with failover off, an instance that hangs without work is replaced, and the other takes new sessions', {
  timeout: 60_000,
}, async () => {
  await using rig = await makePoolRig({ minInstances: 2, probeTimeoutMs: 100, failover: false });
  await rig.pool.start();
  const [hung = 0, well] = rig.pids;
  const { signal } = new AbortController();
  rig.openSession('lost', 'mcp:1');
  rig.openSession('kept', 'mcp:2');
  process.kill(hung, 'SIGSTOP');
  await vi.waitFor(() => expect(rig.instance(1).service.state).toBe('unhealthy'), {
    timeout: 15_000,
  });
  expect(rig.pool.sessions.get('lost')).toBeDefined();
  rig.openSession('more', 'mcp:2');
  expect((await rig.pool.place(0, signal)).name).toBe('mcp:2');
  await vi.waitFor(
    () => expect(rig.instance(1).service.status()).toMatchObject({ state: 'ready', restarts: 1 }),
    { timeout: 30_000 },
  );
  expect(rig.pids).toEqual([expect.not.toSatisfy((pid) => pid === hung), well]);
  expect(rig.pool.sessions.get('lost')).toBeUndefined();
  expect(rig.pool.sessions.get('kept')).toBeDefined();
});
