/** What services print, and that there is one supervisor: as users of the whole program see it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Place, type RunningSupervisor, startSupervisor } from './harness.ts';
import { until } from './until.ts';

const quiet = { mcp: { enabled: false }, dashboard: { enabled: false } };

const printer = {
  name: 'printer',
  command: process.execPath,
  args: [
    '-e',
    'process.stdout.write(Buffer.from([0xff, 0x0a])); console.error("\\u001b[31mred"); setInterval(() => {}, 1e6)',
  ],
};

async function textsOf(supervisor: RunningSupervisor, service: string): Promise<string[]> {
  const { lines } = await supervisor.control<'Logs'>({ type: 'Logs', service });
  return lines.map(({ stream, text }) => `${stream} ${text.replace(/pid \d+/, 'pid N')}`);
}

const firstLife = ['mark — started, pid N —', 'stdout \ufffd', 'stderr \u001b[31mred'];

test('W29 W38 what a service prints is there after it has stopped, in memory and in a file', async () => {
  await using supervisor = await startSupervisor({ settings: quiet, servers: [printer] });
  await until(async () => (await textsOf(supervisor, 'printer')).length === 3, {
    what: 'three lines',
  });
  await supervisor.control<'Restart'>({ type: 'Restart', service: 'printer' });
  await until(async () => (await textsOf(supervisor, 'PRINTER')).length === 7, {
    what: 'seven lines',
  });
  await supervisor.control<'Stop'>({ type: 'Stop', service: 'printer' });
  await supervisor.until(
    'the end of the service',
    ({ services }) => services.find(({ name }) => name === 'printer')?.state === 'stopped',
  );
  const ended = 'mark — ended with signal SIGTERM —';
  const all = [...firstLife, ended, ...firstLife, ended];
  expect(await textsOf(supervisor, 'printer')).toEqual(all);

  const following = await supervisor.control<'Logs'>({
    type: 'Logs',
    service: 'printer',
    since: 8,
  });
  expect(following).toMatchObject({ lines: [{ seq: 8 }], next: 9, dropped: 0, problem: null });
  expect(following.file).toBe(join(supervisor.place.folder, 'data', 'logs', 'printer.log'));
  await supervisor.stop();
  const file = await readFile(following.file ?? '', 'utf8');
  expect(file.split('\n').map((line) => line.slice(25, 33).trim())).toEqual([
    ...all.map((line) => line.split(' ')[0]),
    '',
  ]);
});

test('a pool says whose output to ask for, and what services use is measured when somebody asks', async () => {
  await using supervisor = await startSupervisor({ settings: { dashboard: { enabled: false } } });
  await expect(supervisor.control<'Logs'>({ type: 'Logs', service: 'mcp' })).rejects.toThrow(
    /its instances: mcp:1/,
  );
  expect((await textsOf(supervisor, 'mcp:1'))[0]).toBe('mark — started, pid N —');
  const snapshot = await supervisor.until(
    'numbers',
    ({ self, services }) => self != null && (services[0]?.rssBytes ?? null) !== null,
  );
  expect(snapshot.services[0]).toMatchObject({ name: 'mcp', processes: expect.any(Number) });
  expect(snapshot.instances[0]).toMatchObject({ processes: 1, rssBytes: expect.any(Number) });
  const [leader] = await supervisor.control<'ProcessTree'>({
    type: 'ProcessTree',
    service: 'mcp:1',
  });
  expect(leader).toMatchObject({ pid: snapshot.instances[0]?.pid, parent: supervisor.process.pid });
});

test('W30 F10 of ten that start at once one runs, and nine say where it is and exit 0', async () => {
  await using place = await Place.create({ settings: quiet });
  const started = Array.from({ length: 10 }, () => place.spawn());
  await until(() => started.filter((each) => each.isRunning).length === 1, {
    what: 'nine to end',
    timeoutMs: 60_000,
  });
  const [winner] = started.filter((each) => each.isRunning);
  const losers = started.filter((each) => each !== winner);
  expect(await Promise.all(losers.map((each) => each.exited))).toEqual(losers.map(() => 0));
  for (const each of losers) expect(each.output()).toContain(`process ${winner?.pid}, headless`);
  await until(async () => (await place.ports())?.supervisor_pid === winner?.pid, {
    what: 'ports.json of the winner',
  });
}, 90_000);

test('W30 F10 one that was killed stands in nobody’s way', async () => {
  await using place = await Place.create({ settings: quiet });
  for (let round = 0; round < 2; round += 1) {
    await using supervisor = await startSupervisor({ place });
    await supervisor.stop('SIGKILL');
  }
}, 60_000);
