/** A door that cannot be opened is tried again, and keeps no other one shut (old weakness W23). */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listenOnLoopback } from '../http/listen.ts';
import { createCommands } from './commands.ts';
import { FakeTarget, LineClient, silent } from './control.test-helper.ts';
import { createDispatcher } from './dispatcher.ts';
import { Doorway } from './doorway.ts';
import { LineDoor } from './line-door.ts';

let folder: string;
let closers: (() => unknown)[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-doorway-'));
  closers = [];
});

afterEach(async () => {
  for (const close of closers.reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

function lineDoor(): LineDoor {
  const door = new LineDoor(createDispatcher(createCommands(new FakeTarget())), silent);
  closers.push(() => door.close());
  return door;
}

function doorway(open: () => Promise<string>, isOff = false): Doorway {
  const made = new Doorway({
    name: 'tcp',
    isOff,
    address: 'somewhere',
    open,
    logger: silent,
    onChange: () => {},
    firstPauseMs: 10,
  });
  closers.push(() => made.close());
  return made;
}

test('W23 a port that is taken is tried again until it is free, and says who has it meanwhile', async () => {
  const foreign = createServer();
  const port = await listenOnLoopback(foreign, 0, 'test');
  const door = lineDoor();
  const way = doorway(async () => `127.0.0.1:${await door.listenTcp(port)}`);
  await way.open();
  expect(way.status()).toMatchObject({
    state: 'waiting',
    address: 'somewhere',
    error: expect.stringContaining(`Port ${port}`),
    nextRetryAt: expect.any(String),
  });
  await new Promise((resolve) => foreign.close(resolve));
  await expect.poll(() => way.status().state).toBe('open');
  expect(way.status()).toMatchObject({ error: null, nextRetryAt: null });
  const client = new LineClient(port);
  expect(await client.ask({ type: 'Status' })).toMatchObject({ ok: true });
  client.socket.destroy();
});

test('W23 what is in the way of the socket does not end the control plane', async () => {
  const path = join(folder, 'control.sock');
  await writeFile(path, 'precious');
  const door = lineDoor();
  const way = doorway(async () => {
    await door.listenSocket(path);
    return path;
  });
  await way.open();
  expect(way.status()).toMatchObject({ state: 'waiting', error: expect.stringContaining(path) });
  await rm(path);
  await expect.poll(() => way.status().state).toBe('open');
  const client = new LineClient(path);
  expect(await client.ask({ type: 'Status' })).toMatchObject({ ok: true });
  client.socket.destroy();
});

test('a door that is switched off is not opened', async () => {
  let opened = 0;
  const way = doorway(() => {
    opened += 1;
    return Promise.resolve('x');
  }, true);
  await way.open();
  expect(way.status()).toMatchObject({ state: 'off', error: null });
  expect(opened).toBe(0);
});

test('after close nothing is tried any more', async () => {
  let tries = 0;
  const way = doorway(() => {
    tries += 1;
    return Promise.reject(new Error('no'));
  });
  await way.open();
  await expect.poll(() => tries).toBeGreaterThan(1);
  await way.close();
  const before = tries;
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(tries).toBe(before);
});
