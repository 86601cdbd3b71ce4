import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { isAlive, makePoolRig, type PoolRig, serverScript } from '../pool-rig.test-helper.ts';

const neverAborted = new AbortController().signal;

/** Another program's server, on a port of its own; `after` a port: on the one that follows. */
async function otherProgram(port = 0): Promise<Server & Disposable> {
  const server = createServer((_request, response) => response.end('other program'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return Object.assign(server, { [Symbol.dispose]: () => void server.close() });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Who answers at each instance's address is the process that the pool started for it. */
async function expectOwnProcesses(rig: PoolRig): Promise<void> {
  for (const [index, { service }] of rig.pool.instances.entries()) {
    expect(await rig.ask(index + 1, '/health')).toEqual({ pid: service.status().pid });
  }
}

test('the instances run side by side, each on a port of its own', async () => {
  await using rig = await makePoolRig({ minInstances: 3 });
  await rig.pool.start();
  expect(rig.pool.instances.map(({ name }) => name)).toEqual(['mcp:1', 'mcp:2', 'mcp:3']);
  expect(rig.pool.instances.map(({ isUp }) => isUp)).toEqual([true, true, true]);
  expect(new Set(rig.ports).size).toBe(3);
  await expectOwnProcesses(rig);
  expect(rig.pool.primary?.name).toBe('mcp:1');
  expect(rig.pool.status()).toMatchObject({
    name: 'mcp',
    kind: 'mcp_pool',
    state: 'ready',
    pid: rig.pids[0],
    port: rig.ports[0],
  });
});

test('W25 ports of other programs are skipped, and those programs live on', async () => {
  using other = await otherProgram();
  const basePort = portOf(other);
  await using rig = await makePoolRig({ minInstances: 2, basePort });
  await rig.pool.start();
  for (const port of rig.ports) expect(port).toBeGreaterThan(basePort);
  await expectOwnProcesses(rig);
  const answer = await fetch(`http://127.0.0.1:${basePort}/`);
  expect(await answer.text()).toBe('other program');
});

test("two pools side by side do not take each other's ports, however slowly their programs start", async () => {
  const basePort = await freeStretch();
  const script = `await new Promise((go) => setTimeout(go, 300));${serverScript}`;
  await using one = await makePoolRig({ minInstances: 2, basePort, script });
  await using two = await makePoolRig({ minInstances: 2, basePort });
  const starting = one.pool.start();
  // Its processes run, but listen not yet: the ports look free.
  await vi.waitFor(() => expect(one.pids).toHaveLength(2), { ...patience, interval: 1 });
  await Promise.all([starting, two.pool.start()]);
  expect(new Set([...one.ports, ...two.ports]).size).toBe(4);
  for (const rig of [one, two]) {
    await expectOwnProcesses(rig);
    expect(rig.pool.status().restarts).toBe(0);
  }
});

test('ports are given back: after a stop another pool gets them', async () => {
  const basePort = await freeStretch();
  const one = await makePoolRig({ minInstances: 1, basePort });
  await one.pool.start();
  const ports = one.ports;
  await one[Symbol.asyncDispose]();
  await using two = await makePoolRig({ minInstances: 1, basePort });
  await two.pool.start();
  expect(two.ports).toEqual(ports);
});

test('with failover off, an instance that is killed comes back; its sessions are forgotten, those of the other stay', async () => {
  await using rig = await makePoolRig({ failover: false });
  await rig.pool.start();
  rig.openSession('a', 'mcp:1');
  rig.openSession('b', 'mcp:2');
  const [first = 0, second = 0] = rig.pids;
  const port = rig.ports[0];
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(rig.pool.sessions.get('a')).toBeUndefined(), patience);
  await vi.waitFor(() => expect(rig.instance(1).service.status().restarts).toBe(1), patience);
  await vi.waitFor(() => expect(rig.instance(1).isUp).toBe(true), patience);
  expect(rig.pids).toEqual([expect.not.toSatisfy((pid) => pid === first), second]);
  expect(rig.ports[0]).toBe(port);
  expect(rig.pool.sessions.get('b')).toBeDefined();
  expect(rig.pool.sessions.countOn(rig.instance(1))).toBe(0);
  expect(rig.pool.status()).toMatchObject({ state: 'ready', restarts: 1 });
  await expectOwnProcesses(rig);
});

test('an instance that is killed comes back; its sessions live on at the other one', async () => {
  await using rig = await makePoolRig();
  await rig.pool.start();
  rig.openSession('a', 'mcp:1');
  rig.openSession('b', 'mcp:2');
  const [first = 0] = rig.pids;
  process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(rig.pool.sessions.countOn(rig.instance(2))).toBe(2), patience);
  expect(rig.pool.sessions.get('a')).toMatchObject({ moves: 1, hasEnded: false });
  expect(rig.pool.sessions.get('a')?.home?.upstreamId).toMatch(/^again-/);
  expect(rig.pool.sessions.get('b')?.home?.upstreamId).toBe('there-b');
  await vi.waitFor(() => expect(rig.instance(1).isUp).toBe(true), patience);
});

test('while one instance is down, the other is primary and takes what comes', async () => {
  await using rig = await makePoolRig();
  await rig.pool.start();
  await rig.instance(1).service.stop('by hand');
  expect(rig.pool.primary?.name).toBe('mcp:2');
  for (let round = 0; round < 3; round += 1) {
    const placed = await rig.pool.place(0, neverAborted);
    expect(placed.name).toBe('mcp:2');
    rig.openSession(`s${round}`, placed.name);
  }
});

test('an instance whose port was taken meanwhile comes back on another one', async () => {
  await using rig = await makePoolRig({ minInstances: 1, basePort: await freeStretch() });
  await rig.pool.start();
  const port = rig.ports[0] ?? 0;
  await rig.instance(1).service.stop('by hand');
  using other = await otherProgram(port);
  await rig.instance(1).service.start();
  expect(rig.ports[0]).not.toBe(port);
  await expectOwnProcesses(rig);
  expect(other.listening).toBe(true);
});

test('a session is closed at its instance, too', async () => {
  await using rig = await makePoolRig();
  await rig.pool.start();
  rig.openSession('mine', 'mcp:2');
  expect(await rig.pool.closeSession('mine')).toBe(true);
  expect(await rig.ask(2, '/seen')).toEqual([{ method: 'DELETE', session: 'there-mine' }]);
  expect(await rig.ask(1, '/seen')).toEqual([]);
  expect(rig.pool.sessions.size).toBe(0);
  expect(await rig.pool.closeSession('mine')).toBe(false);
});

test('a session of an instance that does not answer is closed all the same', async () => {
  await using rig = await makePoolRig({ minInstances: 1 });
  await rig.pool.start();
  rig.openSession('mine', 'mcp:1');
  const [pid = 0] = rig.pids;
  process.kill(pid, 'SIGSTOP');
  const closing = rig.pool.closeSession('mine');
  expect(rig.pool.sessions.size).toBe(0);
  process.kill(pid, 'SIGCONT');
  expect(await closing).toBe(true);
});

test('stop leaves no process, and a start after it begins anew', async () => {
  await using rig = await makePoolRig();
  await rig.pool.start();
  const before = rig.pids;
  expect(before).toHaveLength(2);
  await rig.pool.stop('by hand');
  expect(before.filter(isAlive)).toEqual([]);
  expect(rig.pool.status()).toMatchObject({ state: 'stopped', reason: 'by hand', pid: null });
  await rig.pool.start();
  expect(rig.pids).toHaveLength(2);
  await expectOwnProcesses(rig);
});

test('a stop in the middle of a start leaves no process either', async () => {
  await using rig = await makePoolRig();
  const starting = rig.pool.start().catch(() => {});
  await vi.waitFor(() => expect(rig.pids).toHaveLength(2), patience);
  const before = rig.pids;
  await rig.pool.stop('by hand');
  await starting;
  expect(before.filter(isAlive)).toEqual([]);
  expect(rig.pids).toEqual([]);
});

test('restart replaces every process, and the sessions move to the new ones', async () => {
  await using rig = await makePoolRig();
  await rig.pool.start();
  rig.openSession('a', 'mcp:1');
  const before = rig.pids;
  await rig.pool.restart('by hand');
  expect(before.filter(isAlive)).toEqual([]);
  expect(rig.pids).toHaveLength(2);
  const session = rig.pool.sessions.get('a');
  expect(session?.hasEnded).toBe(false);
  expect(rig.pool.instances).toContain(session?.home?.instance);
  await expectOwnProcesses(rig);
});

test('with failover off, restart replaces every process, and the sessions are forgotten', async () => {
  await using rig = await makePoolRig({ failover: false });
  await rig.pool.start();
  rig.openSession('a', 'mcp:1');
  const before = rig.pids;
  await rig.pool.restart('by hand');
  expect(before.filter(isAlive)).toEqual([]);
  expect(rig.pids).toHaveLength(2);
  expect(rig.pool.sessions.size).toBe(0);
  await expectOwnProcesses(rig);
});

test('a program that cannot run is a start that fails, with the reason', async () => {
  await using rig = await makePoolRig({
    minInstances: 1,
    launch: (_instance, port) => ({
      command: 'no-such-program-here',
      args: [],
      workingDir: undefined,
      env: {},
      port,
      url: null,
      readiness: null,
    }),
  });
  await expect(rig.pool.start()).rejects.toThrow(/"no-such-program-here" was not found/);
  await expect(rig.pool.place(60_000, neverAborted)).rejects.toThrow(
    /^No MCP instance is running \(failed: .*"no-such-program-here" was not found/,
  );
  expect(rig.pool.status()).toMatchObject({ state: 'failed' });
});

/** A port with free ones behind it, as far as one can know. */
async function freeStretch(): Promise<number> {
  const server = await otherProgram();
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
