import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { patience } from '../../test/patience.ts';
import { inherited } from '../inherited.test-helper.ts';
import { startFakeSupervisor, stepChanged } from './fake-supervisor.ts';
import { type DataFolder, insertSample, makeDataFolder, openWriter } from './sample-data.ts';
import { get, openPeer, openStream } from './test-client.ts';

/** Starting Node and the database takes a moment on a busy machine. */

function spawnDashboard(folder: DataFolder, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'index.ts')], {
    env: { ...inherited, PM_DATA_ROOT: folder.path, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  // It has to be gone before its folder is removed, or it makes the folder anew.
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  return Object.assign(child, { [Symbol.asyncDispose]: end });
}

/** Waits for the one line on stdout and reads the port from it. */
async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('stdout is not a pipe');
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return Number(/^Dashboard: http:\/\/127\.0\.0\.1:(\d+)\/$/.exec(line)?.[1]);
}

test(
  'the dashboard works before any memory server has started, and shows what is written later',
  patience,
  async () => {
    await using folder = await makeDataFolder();
    await using child = spawnDashboard(folder, {});
    const port = await portOf(child);
    expect(JSON.parse((await get(port, '/api/workspaces')).text)).toEqual({
      workspaces: [],
      total: 0,
    });
    using writer = openWriter(folder);
    insertSample(writer);
    expect(JSON.parse((await get(port, '/api/workspaces')).text).total).toBe(1);
  },
);

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends streams and sockets and the process, with 0, within a second',
  patience,
  async (signal) => {
    await using folder = await makeDataFolder();
    await using child = spawnDashboard(folder, {});
    const port = await portOf(child);
    const stream = await openStream(port);
    const peer = await openPeer(port);
    const stubborn = await openStream(port);
    stubborn.socket.pause();
    const startedAt = performance.now();
    child.kill(signal);
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await stream.ended;
    expect(await peer.closed).toBe(1001);
    stubborn.close();
  },
);

test('it outlives its supervisor, and the reader of its output', patience, async () => {
  await using folder = await makeDataFolder();
  const first = await startFakeSupervisor();
  await using child = spawnDashboard(folder, { SUPERVISOR_EVENTS_URL: first.url });
  const port = await portOf(child);
  await vi.waitUntil(() => first.streams.size === 1, patience);
  const peer = await openPeer(port);
  child.stdout.destroy();
  child.stderr.destroy();
  await first.stop();
  await using second = await startFakeSupervisor(first.port);
  await vi.waitUntil(() => second.streams.size === 1, { timeout: 10_000 });
  second.emit(1, stepChanged('evt_1'));
  await vi.waitUntil(() => JSON.stringify(peer.messages).includes('evt_1'), patience);
  expect(child.exitCode).toBeNull();
});

test(
  'a taken port or a senseless setting is one explained line and exit code 1',
  patience,
  async () => {
    await using folder = await makeDataFolder();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const taken = typeof address === 'object' ? String(address?.port) : '';
    for (const [env, words] of [
      [{ PORT: taken }, `EADDRINUSE: address already in use 127.0.0.1:${taken}`],
      [{ PORT: 'many' }, 'PORT'],
      [{ SUPERVISOR_EVENTS_URL: 'file:///etc' }, 'SUPERVISOR_EVENTS_URL'],
    ] as const) {
      await using child = spawnDashboard(folder, env);
      let said = '';
      child.stderr.on('data', (chunk) => {
        said += chunk;
      });
      const [code] = await once(child, 'close');
      expect(code).toBe(1);
      expect(said).toContain(words);
    }
    other.close();
  },
);
