import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { listenOnLoopback } from './listen.ts';
import {
  listeningInodes,
  ownerInLsof,
  pidInNetstat,
  portOwner,
  portTakenError,
  programInTasklist,
} from './port-owner.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** A program of its own that listens on a free port of the address. */
async function listeningProgram(host: string): Promise<{ pid: number; port: number }> {
  const script = `
    const server = require('node:net').createServer();
    server.listen(0, process.argv[1], () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ['-e', script, host], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid ?? 0, port: Number(line) };
}

test.skipIf(process.platform === 'win32').each(['127.0.0.1', '0.0.0.0', '::'])(
  'a program that listens on %s is named with its process id',
  async (host) => {
    const { pid, port } = await listeningProgram(host);
    expect(await portOwner(port)).toEqual({ pid, program: 'node' });
  },
);

test('W25 a taken port names its owner, and the owner lives on', async () => {
  const { pid, port } = await listeningProgram('127.0.0.1');
  const error = await portTakenError(port, 'dashboard');
  expect(error.code).toBe('port_taken');
  expect(error.message).toBe(
    `Port ${port} of the dashboard is in use by node (pid ${pid}). Stop that program or set another port.`,
  );
  await expect(listenOnLoopback(createServer(), port, 'gateway')).rejects.toMatchObject({
    code: 'port_taken',
    message: expect.stringContaining(`gateway is in use by node (pid ${pid})`),
  });
  expect(children[0]?.exitCode ?? children[0]?.signalCode).toBeNull();
});

test('a port on which nobody listens has no owner', async () => {
  const server = createServer();
  const port = await listenOnLoopback(server, 0, 'test');
  server.close();
  await once(server, 'close');
  expect(await portOwner(port)).toBeNull();
});

test('only listening sockets of exactly that port count', () => {
  const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid';
  const row = (local: string, state: string, inode: number) =>
    `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0 100 0 0 10 0`;
  const table = [
    head,
    row('0100007F:0D81', '0A', 11), // 127.0.0.1:3457, listening
    row('0100007F:0D81', '01', 12), // a connection to it
    row('00000000:D810', '0A', 13), // another port
    row('00000000000000000000000000000000:0D81', '0A', 14), // [::]:3457
    '',
  ].join('\n');
  expect(listeningInodes(table, 3457)).toEqual(['11', '14']);
  expect(listeningInodes('', 3457)).toEqual([]);
});

test('the output of lsof (macOS) is understood', () => {
  expect(ownerInLsof('p1234\ncnode\nf21\n')).toEqual({ pid: 1234, program: 'node' });
  expect(ownerInLsof('p77\ncGoogle\\x20Chrome\nf40\np78\ncother\n')).toEqual({
    pid: 77,
    program: 'Google Chrome',
  });
  expect(ownerInLsof('')).toBeNull();
});

test('the output of netstat and tasklist (Windows) is understood, in other languages too', () => {
  const netstat = [
    '',
    'Aktive Verbindungen',
    '',
    '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
    '  TCP    127.0.0.1:34570        0.0.0.0:0              ABHÖREN         1',
    '  TCP    127.0.0.1:3457         127.0.0.1:50213        HERGESTELLT     2',
    '  TCP    127.0.0.1:3457         0.0.0.0:0              ABHÖREN         4321',
    '  TCP    [::]:3459              [::]:0                 ABHÖREN         99',
    '  UDP    0.0.0.0:3460           *:*                                    5',
    '',
  ].join('\r\n');
  expect(pidInNetstat(netstat, 3457)).toBe(4321);
  expect(pidInNetstat(netstat, 3459)).toBe(99);
  expect(pidInNetstat(netstat, 3460)).toBeNull();
  expect(programInTasklist('"node.exe","4321","Console","1","50,000 K"\r\n')).toBe('node.exe');
  expect(programInTasklist('INFO: No tasks are running which match the criteria.\r\n')).toBeNull();
});
