import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { becomeTheOnly, greetRunningSupervisor } from './running-supervisor.ts';
import { createCommands } from './supervisor/control/commands.ts';
import { FakeTarget, silent } from './supervisor/control/control.test-helper.ts';
import { createDispatcher } from './supervisor/control/dispatcher.ts';
import { LineDoor } from './supervisor/control/line-door.ts';

let folder: string;
let path: string;
let servers: Server[];
let sockets: Socket[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-greet-'));
  path = join(folder, 'control.sock');
  servers = [];
  sockets = [];
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Some other program on the socket. */
async function stranger(serve: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
}

async function greetReal(target: FakeTarget) {
  const door = new LineDoor(createDispatcher(createCommands(target)), silent);
  await door.listenSocket(path);
  try {
    return await greetRunningSupervisor(path);
  } finally {
    await door.close();
  }
}

test('a running supervisor says who it is and shows its window', async () => {
  const target = new FakeTarget();
  expect(await greetReal(target)).toMatchObject({
    pid: 4242,
    mode: 'desktop',
    page_url: 'http://127.0.0.1:3464/',
  });
  expect(target.asked).toEqual(['show']);
});

test('one without a window says who it is all the same', async () => {
  const target = new FakeTarget();
  target.mode = 'headless';
  expect(await greetReal(target)).toMatchObject({ pid: 4242, mode: 'headless' });
});

test('where nobody listens the place is free', async () => {
  expect(await greetRunningSupervisor(path)).toBeNull();
  await writeFile(path, 'no socket');
  expect(await greetRunningSupervisor(path)).toBeNull();
});

test.each([
  ['garbage', 'hello?\nwho is there\n'],
  ['JSON that is no reply', 'null\n17\n[]\n'],
  ['a refusal', '{"ok":false,"error":"no","code":"internal","data":null}\n'],
  [
    'the greeting of the old supervisor',
    '{"ok":true,"data":{"message":"WhoAmI received","client":null}}\n{"ok":true,"data":{}}\n',
  ],
])('a program that answers %s is no supervisor, and harms nobody', async (_what, answer) => {
  await stranger((socket) => socket.write(answer));
  expect(await greetRunningSupervisor(path)).toBeNull();
});

test('a program that hangs up at once, or never answers, is no supervisor', async () => {
  await stranger((socket) => socket.destroy());
  expect(await greetRunningSupervisor(path)).toBeNull();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  await stranger(() => {});
  expect(await greetRunningSupervisor(path)).toBeNull();
});

test('a supervisor that is just ending, and gets only one answer out, is told as running', async () => {
  const who = { server_name: 'project-memory-supervisor', pid: 7 };
  await stranger((socket) => socket.end(`${JSON.stringify({ ok: true, data: who })}\n`));
  expect(await greetRunningSupervisor(path)).toMatchObject({ pid: 7 });
});

test('a start while one is ending waits for it and takes its place', async () => {
  let asked = 0;
  const ending = [{ server_name: 'project-memory-supervisor', pid: 7 }, { stopping: true }, {}];
  await stranger((socket) => {
    asked += 1;
    socket.write(ending.map((data) => `${JSON.stringify({ ok: true, data })}\n`).join(''));
    // The second time it is asked, it ends.
    if (asked === 2) servers[0]?.close();
  });
  const place = await becomeTheOnly({ lockPath: join(folder, 'control.lock'), socketPath: path });
  expect(place.kind).toBe('ours');
  if (place.kind === 'ours') place.lock.release();
  expect(asked).toBe(2);
});

test('a start gives up one that is ending for too long, and says what it waits for', async () => {
  const ending = [{ server_name: 'project-memory-supervisor', pid: 7 }, { stopping: true }, {}];
  await stranger((socket) => {
    socket.write(ending.map((data) => `${JSON.stringify({ ok: true, data })}\n`).join(''));
  });
  const options = { lockPath: join(folder, 'control.lock'), socketPath: path, patienceMs: 200 };
  await expect(becomeTheOnly(options)).rejects.toThrow('(process 7) is ending');
});
