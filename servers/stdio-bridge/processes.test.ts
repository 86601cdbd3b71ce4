import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, test, vi } from 'vitest';
import { hasProc, isAlive, survivorsOf } from '../../test/processes.ts';
import { until } from '../../test/until.ts';
import {
  bridgeEntry,
  fixture,
  initialize,
  openSession,
  post,
  startBridge,
} from './bridge.test-helper.ts';

vi.setConfig({ testTimeout: 60_000 });

const posix = test.skipIf(process.platform === 'win32');

const modes = [
  ['per session', []],
  ['shared', ['--shared']],
] as const;

posix.each(modes)(
  'nothing is left when the bridge is told to end, grandchildren included (%s)',
  async (_mode, options) => {
    await using bridge = await startBridge({ options });
    const sessions = [
      await openSession(bridge),
      await openSession(bridge),
      await openSession(bridge),
    ];
    const born = await Promise.all(sessions.map((session) => session.say('bear')));
    const held = sessions.map((session) =>
      session.call('hold', { key: 'k' }).catch(() => 'broken'),
    );
    expect(await bridge.stop()).toBe(0);
    expect(await Promise.all(held)).not.toContain(undefined);
    expect(born.map(Number).filter(isAlive)).toEqual([]);
    expect(survivorsOf(bridge.marker)).toEqual([]);
  },
);

posix('servers that ignore the end of their input and SIGTERM are gone all the same', async () => {
  await using bridge = await startBridge({ environment: { FIXTURE_STUBBORN: '1' } });
  const sessions = [await openSession(bridge), await openSession(bridge)];
  const pids = await Promise.all(sessions.map((session) => session.say('pid')));
  await sessions[0]?.end();
  await until(() => !isAlive(Number(pids[0])), { what: 'the end of the first' });
  expect(await bridge.stop()).toBe(0);
  expect(pids.map(Number).filter(isAlive)).toEqual([]);
  expect(survivorsOf(bridge.marker)).toEqual([]);
});

posix('a shell around the server swallows no signal: DELETE ends both', async () => {
  const quoted = fixture.map((word) => `'${word}'`).join(' ');
  await using bridge = await startBridge({ command: ['/bin/sh', '-c', `${quoted}; true`] });
  const session = await openSession(bridge);
  const pid = Number(await session.say('pid'));
  await session.end();
  await until(() => !isAlive(pid), { what: 'the end of the server' });
  await until(async () => (await bridge.health()).sessions.processes.length === 0, {
    what: 'the end of the shell',
  });
});

posix('what a server that ended by itself left behind is ended too', async () => {
  await using bridge = await startBridge();
  const session = await openSession(bridge);
  const born = Number(await session.say('bear'));
  await session.call('crash', { code: 1, token: 'x' });
  await until(() => !isAlive(born), { what: 'the end of the grandchild' });
});

posix.each(modes)(
  'a bridge that is told to end waits for what a server that ended by itself left behind (%s)',
  async (_mode, options) => {
    await using bridge = await startBridge({ options });
    const session = await openSession(bridge);
    const born = Number(await session.say('bear', { deaf: true }));
    await session.call('crash', { code: 1, token: 'x' });
    expect(await bridge.stop()).toBe(0);
    expect(isAlive(born)).toBe(false);
  },
);

posix('after kill -9 of the bridge its servers see the end of their input and go', async () => {
  await using bridge = await startBridge();
  const sessions = [await openSession(bridge), await openSession(bridge)];
  const pids = await Promise.all(sessions.map((session) => session.say('pid')));
  await bridge.stop('SIGKILL');
  await until(() => !pids.some((pid) => isAlive(Number(pid))), { what: 'their end' });
});

test.skipIf(!hasProc)(
  'servers inherit the environment, by which the supervisor finds them',
  async () => {
    await using bridge = await startBridge({ environment: { PM_SUPERVISOR_COOKIE: 'a.b.c' } });
    const session = await openSession(bridge);
    expect(await session.say('environment', { name: 'PM_SUPERVISOR_COOKIE' })).toBe('a.b.c');
    expect(survivorsOf('PM_SUPERVISOR_COOKIE=a.b.c').length).toBeGreaterThanOrEqual(2);
  },
);

test('a client that leaves before its session is open leaves no process', async () => {
  await using bridge = await startBridge({
    command: ['/bin/sh', '-c', 'read line; exec sleep 1000'],
  });
  const leaving = new AbortController();
  const opening = post(bridge, initialize(), {}, leaving.signal).catch(() => 'left');
  await until(async () => (await bridge.health()).sessions.processes.length === 1, {
    what: 'the process',
  });
  leaving.abort();
  expect(await opening).toBe('left');
  await until(async () => (await bridge.health()).sessions.processes.length === 0, {
    what: 'its end',
  });
  expect((await bridge.health()).activeSessions).toBe(0);
});

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bridgeEntry, ...args], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  });
  return { status, stdout, stderr };
}

test('--help is the usage and ends with 0', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^Usage: /) });
});

test('a wrong argument is named and ends it with 2', () => {
  const { status, stdout, stderr } = run('--port', '99999', '--', 'x');
  expect([status, stdout, stderr]).toEqual([
    2,
    '',
    'Port "99999" is not a number from 0 to 65535.\n',
  ]);
});

posix('a command that is not there is named before any client asks, with 127 as shells do', () => {
  expect(run('--port', '0', '--', 'no-such-server')).toMatchObject({
    status: 127,
    stderr: expect.stringContaining('"no-such-server" was not found in PATH (/usr/bin:/bin)'),
  });
});

test('a port that is taken ends it with 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  expect(run('--port', String(port), '--', process.execPath)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('EADDRINUSE'),
  });
  taken.close();
});
