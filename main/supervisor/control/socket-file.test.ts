import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCommands } from './commands.ts';
import { FakeTarget, LineClient, silent } from './control.test-helper.ts';
import { createDispatcher } from './dispatcher.ts';
import { LineDoor } from './line-door.ts';

let folder: string;
let path: string;
let doors: LineDoor[];
let processes: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pms-sock-'));
  path = join(folder, 'runtime', 'control.sock');
  doors = [];
  processes = [];
});

afterEach(async () => {
  for (const each of processes) each.kill('SIGKILL');
  await Promise.all(doors.map((door) => door.close()));
  await rm(folder, { recursive: true, force: true });
});

function makeDoor(): LineDoor {
  const door = new LineDoor(createDispatcher(createCommands(new FakeTarget())), silent);
  doors.push(door);
  return door;
}

/** A process of its own that listens on the path, then does what `then` says. */
async function otherProgram(then: string): Promise<ChildProcess> {
  await mkdir(join(folder, 'runtime'), { recursive: true });
  const script = `
    const server = require('node:net').createServer();
    server.listen({ path: process.argv[1], backlog: 1 }, () => {
      require('node:fs').writeSync(1, 'listening');
      ${then}
    });`;
  const child = spawn(process.execPath, ['-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  await once(child.stdout, 'data');
  return child;
}

/** What a supervisor leaves that was killed: the name, bound to nobody. */
async function leaveDeadSocket(): Promise<void> {
  const child = await otherProgram('process.kill(process.pid, "SIGKILL");');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(existsSync(path)).toBe(true);
}

async function answersOn(address: string): Promise<boolean> {
  const client = new LineClient(address);
  const reply = await client.ask({ type: 'WhoAmI' });
  client.socket.destroy();
  return reply.ok;
}

test('only the user can open the socket, or the folder that is made for it', async () => {
  await makeDoor().listenSocket(path);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, 'runtime'))).mode & 0o777).toBe(0o700);
});

test('a socket that a killed supervisor left is replaced, and nothing else is left', async () => {
  await leaveDeadSocket();
  await makeDoor().listenSocket(path);
  expect(await answersOn(path)).toBe(true);
  expect(await readdir(join(folder, 'runtime'))).toEqual(['control.sock']);
});

test('a supervisor that answers keeps its socket, and the second one is told', async () => {
  await makeDoor().listenSocket(path);
  const { ino } = await stat(path);
  const second = makeDoor();
  await expect(second.listenSocket(path)).rejects.toMatchObject({
    code: 'port_taken',
    message: expect.stringContaining(path),
  });
  await second.close();
  expect((await stat(path)).ino).toBe(ino);
  expect(await answersOn(path)).toBe(true);
});

test('a supervisor that is too busy to accept anybody keeps its socket, too', async () => {
  await otherProgram('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);');
  const { ino } = await stat(path);
  const waiting: Socket[] = [];
  // As many connections as its queue takes; the next one is refused with EAGAIN.
  for (let full = false; !full; ) {
    const socket = new Socket();
    waiting.push(socket);
    socket.connect(path);
    full = await new Promise((resolve) => {
      socket.once('connect', () => resolve(false));
      socket.once('error', () => resolve(true));
    });
  }
  await expect(makeDoor().listenSocket(path)).rejects.toMatchObject({ code: 'port_taken' });
  expect((await stat(path)).ino).toBe(ino);
  for (const socket of waiting) socket.destroy();
});

test('a file in the way that is no socket is not deleted', async () => {
  await mkdir(join(folder, 'runtime'));
  await writeFile(path, 'precious');
  await expect(makeDoor().listenSocket(path)).rejects.toThrow(/in the way/);
  expect(await readFile(path, 'utf8')).toBe('precious');
});

test.skipIf(process.getuid?.() !== 0)(
  'a folder that another user made in our place is not used',
  async () => {
    await mkdir(join(folder, 'runtime'));
    await chown(join(folder, 'runtime'), 12_345, 12_345);
    await expect(makeDoor().listenSocket(path)).rejects.toThrow(/another user/);
    expect(existsSync(path)).toBe(false);
  },
);

test.skipIf(process.getuid?.() !== 0)(
  'F10 a socket of another user is named as such, and left alone',
  async () => {
    await leaveDeadSocket();
    await chown(path, 12_345, 12_345);
    await expect(makeDoor().listenSocket(path)).rejects.toMatchObject({
      code: 'port_taken',
      message: expect.stringMatching(/another user \(12345\).*XDG_RUNTIME_DIR/),
    });
    expect((await stat(path)).uid).toBe(12_345);
  },
);

test('a TCP port of another program is named with its setting, and the door can still be closed', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const door = makeDoor();
  await expect(door.listenTcp(port)).rejects.toMatchObject({
    code: 'port_taken',
    message: expect.stringMatching(new RegExp(`${port}.*control_tcp_port`)),
  });
  await door.close();
  other.close();
});
