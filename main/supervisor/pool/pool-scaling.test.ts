import { expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { makePoolRig, serverScript } from '../pool-rig.test-helper.ts';

/** Answers `initialize` as a server with sessions does. */
const sessionServer = serverScript.replace('response.end();\n})', "response.end('{}');\n})");

test('an upgrade replaces every process, and the sessions are at home on the new ones', async () => {
  await using rig = await makePoolRig({ minInstances: 2, script: sessionServer });
  await rig.pool.start();
  const before = rig.pids;
  rig.openSession('one', 'mcp:1');
  rig.openSession('two', 'mcp:2');
  await rig.pool.upgrade();
  expect(rig.pids).toHaveLength(2);
  for (const pid of before) expect(rig.pids).not.toContain(pid);
  for (const session of rig.pool.sessions.all()) {
    expect(session.home?.instance.isUp).toBe(true);
    expect(session.moves).toBe(1);
  }
  expect(rig.pool.sessions.size).toBe(2);
  expect(rig.pool.status().state).toBe('ready');
});

test('two upgrades at once are one', async () => {
  await using rig = await makePoolRig({ minInstances: 1, script: sessionServer });
  await rig.pool.start();
  await Promise.all([rig.pool.upgrade(), rig.pool.upgrade()]);
  expect(
    rig.transitions.filter(({ service, to }) => service !== 'mcp' && to === 'ready'),
  ).toHaveLength(2);
});

test('an upgrade waits for a call that is under way', async () => {
  await using rig = await makePoolRig({ minInstances: 1, script: sessionServer });
  await rig.pool.start();
  const old = rig.instance(1);
  old.inFlight += 1;
  const upgrade = rig.pool.upgrade();
  await vi.waitFor(() => expect(old.draining).toBe(true), patience);
  expect(old.isUp).toBe(true);
  expect(await rig.pool.place(1_000)).not.toBe(old);
  old.inFlight -= 1;
  await upgrade;
  expect(rig.pool.instances).not.toContain(old);
});

test('when the new one does not get ready, the old ones go on', async () => {
  // The first process works; any later one ends at once.
  const script = `
import { existsSync, writeFileSync } from 'node:fs';
if (existsSync('started')) process.exit(3);
writeFileSync('started', '');
${sessionServer}`;
  await using rig = await makePoolRig({ minInstances: 1, script });
  await rig.pool.start();
  const before = rig.pids;
  rig.openSession('one', 'mcp:1');
  await expect(rig.pool.upgrade()).rejects.toThrow(/ended with exit code 3/);
  expect(rig.pids).toEqual(before);
  expect(rig.pool.sessions.get('one')?.home?.instance.name).toBe('mcp:1');
  expect(rig.pool.sessions.get('one')?.moves).toBe(0);
  expect(await rig.pool.place(1_000)).toBe(rig.instance(1));
});

test('W19 scaling up starts an instance, and says so when there are as many as allowed', async () => {
  await using rig = await makePoolRig({ minInstances: 1, maxInstances: 2 });
  await rig.pool.start();
  await rig.pool.scaleUp();
  expect(rig.pids).toHaveLength(2);
  await expect(rig.pool.scaleUp()).rejects.toThrow(/All 2 instances are there/);
});

test('W13 an instance that is not needed is taken away, its sessions first; never below the least', async () => {
  await using rig = await makePoolRig({
    minInstances: 1,
    maxInstances: 3,
    maxSessionsPerInstance: 2,
    scaleDownAfterMs: 100,
    script: sessionServer,
  });
  await rig.pool.start();
  await rig.pool.scaleUp();
  rig.openSession('one', 'mcp:1');
  rig.openSession('two', 'mcp:2');
  await vi.waitFor(() => expect(rig.pool.instances).toHaveLength(1), patience);
  expect(rig.pool.sessions.size).toBe(2);
  await vi.waitFor(() => {
    for (const { home } of rig.pool.sessions.all()) expect(home?.instance).toBe(rig.instance(1));
  }, patience);
  // Two more looks of the caretaker: one instance is the least.
  const { pids } = rig;
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(rig.pids).toEqual(pids);
});

test('an instance that its sessions need is kept', async () => {
  await using rig = await makePoolRig({
    minInstances: 1,
    maxSessionsPerInstance: 1,
    scaleDownAfterMs: 50,
    script: sessionServer,
  });
  await rig.pool.start();
  await rig.pool.scaleUp();
  rig.openSession('one', 'mcp:1');
  rig.openSession('two', 'mcp:2');
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(rig.pool.instances).toHaveLength(2);
});
