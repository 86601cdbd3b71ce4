import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Ask, askPrograms, findTrayHost, mustShow, trayHostNow } from './tray-host.ts';

let folder: string;
let bus: ChildProcess | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pm-tray-host-'));
});
afterEach(async () => {
  vi.useRealTimers();
  if (bus !== null) {
    const ended = once(bus, 'exit');
    bus.kill();
    await ended;
    bus = null;
  }
  await rm(folder, { recursive: true, force: true });
});

const notThere: Ask = async () => {
  throw new Error('spawn ENOENT');
};

/** Finds out with a clock that runs at once; also tells how long it took. */
async function found(ask: Ask) {
  vi.useFakeTimers();
  const begun = performance.now();
  const host = findTrayHost(ask);
  await vi.runAllTimersAsync();
  return { host: await host, tookMs: performance.now() - begun };
}

test.each([
  ['busctl', 'b true\n'],
  ['gdbus', '(<true>,)\n'],
  ['dbus-send', 'method return time=1 sender=:1.2\n   variant       boolean true\n'],
])('%s says that there is a host', async (program, answer) => {
  const ask: Ask = (file) => (file === program ? Promise.resolve(answer) : notThere(file, []));
  expect(await found(ask)).toEqual({ host: 'there', tookMs: 0 });
});

test.each([
  'b false\n',
  'The name org.kde.StatusNotifierWatcher was not provided by any .service files',
  'Error: GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: …',
  'Call failed: Could not activate remote peer: unit is not activatable',
])('no host: "%s", and that for ten seconds', async (answer) => {
  expect(await found(async () => answer)).toEqual({ host: 'missing', tookMs: 10_000 });
});

test('a panel that comes up some seconds after us is waited for', async () => {
  let asked = 0;
  const ask: Ask = async () => {
    asked += 1;
    return asked < 4 ? 'b false' : 'b true';
  };
  expect(await found(ask)).toEqual({ host: 'there', tookMs: 3_000 });
});

test('without a bus, or without a program to ask, nobody knows', async () => {
  const noBus = 'Cannot autolaunch D-Bus without X11 $DISPLAY';
  expect(await found(async () => noBus)).toEqual({ host: 'unknown', tookMs: 0 });
  expect(await found(notThere)).toEqual({ host: 'unknown', tookMs: 0 });
});

test('a hidden start shows the window where no host is, and once where nobody knows', async () => {
  const note = join(folder, 'note');
  expect([await mustShow('there', note), await mustShow('missing', note)]).toEqual([false, true]);
  expect([await mustShow('unknown', note), await mustShow('unknown', note)]).toEqual([true, false]);
  expect(await mustShow('unknown', join(folder, 'nowhere/note'))).toBe(true);
});

const daemon = '/usr/bin/dbus-daemon';
const programs = ['busctl', 'gdbus', 'dbus-send'].filter((each) => existsSync(`/usr/bin/${each}`));

test.runIf(existsSync(daemon)).each(programs)(
  'on a real session bus without a watcher, %s says that there is no host',
  async (program) => {
    const address = await startBus();
    const ask = askPrograms({ PATH: '/usr/bin', DBUS_SESSION_BUS_ADDRESS: address });
    const onlyOne: Ask = (file, args) => (file === program ? ask(file, args) : notThere(file, []));
    expect(await trayHostNow(onlyOne)).toBe('missing');
  },
  30_000,
);

/** A session bus of the test's own, with nobody on it. */
async function startBus(): Promise<string> {
  const address = `unix:path=${join(folder, 'bus')}`;
  const file = join(folder, 'bus.conf');
  await writeFile(
    file,
    `<busconfig><type>session</type><listen>${address}</listen>
     <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
     <allow own="*"/></policy></busconfig>`,
  );
  bus = spawn(daemon, [`--config-file=${file}`, '--nofork'], { stdio: 'ignore' });
  await vi.waitUntil(() => existsSync(join(folder, 'bus')), 10_000);
  return address;
}
