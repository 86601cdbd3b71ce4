/** F17: foreign web pages and noise at every port that is open. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { Fuzz } from '../main/supervisor/control/fuzz.test-helper.ts';
import type { RunningSupervisor } from '../test/harness.ts';
import { inspectFlag } from '../test/held-memory.ts';
import { makePlan } from '../test/mcp-clients.ts';
import { emit, heldMb, processesIn } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

interface Door {
  readonly name: string;
  readonly port: number;
  /** A path with something behind it. */
  readonly path: string;
}

/** Every TCP port that the program or a child of its own listens on. */
async function doorsOf(supervisor: RunningSupervisor): Promise<readonly Door[]> {
  const { services } = supervisor.ports;
  const snapshot = await supervisor.snapshot();
  const dashboard = snapshot.services.find(({ name }) => name === 'dashboard')?.port ?? 0;
  return [
    { name: 'gateway', port: services['mcp_proxy'] ?? 0, path: '/supervisor/events' },
    { name: 'gateway, MCP', port: services['mcp_proxy'] ?? 0, path: '/mcp' },
    { name: 'gateway, dashboard', port: services['mcp_proxy'] ?? 0, path: '/dashboard/' },
    { name: 'page', port: services['gui_server'] ?? 0, path: '/' },
    { name: 'page, control', port: services['gui_server'] ?? 0, path: '/control' },
    { name: 'control over TCP', port: services['control_tcp'] ?? 0, path: '/control' },
    { name: 'dashboard', port: dashboard, path: '/' },
    ...snapshot.instances.map(({ name, port }) => ({ name, port: port ?? 0, path: '/mcp' })),
  ];
}

/** What a page on evil.example sends, once its name means 127.0.0.1, or across origins. */
const foreign: readonly Readonly<Record<string, string>>[] = [
  { host: 'evil.example' },
  { host: 'evil.example:80', origin: 'http://evil.example' },
  { host: '127.0.0.1.evil.example' },
  { host: 'localhost.evil.example:3457' },
  { origin: 'http://evil.example' },
  { origin: 'https://127.0.0.1.evil.example' },
  { origin: 'null' },
];

/** The status; null when the door is closed without an answer. */
function send(
  { port, path }: Door,
  method: string,
  headers: Readonly<Record<string, string>>,
): Promise<number | null> {
  const body = method === 'POST' ? '{"type":"ShutdownSupervisor"}' : '';
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method,
        agent: false,
        headers: { host: `127.0.0.1:${port}`, 'content-type': 'text/plain', ...headers },
      },
      (response) => {
        response.destroy();
        resolve(response.statusCode ?? null);
      },
    );
    call.on('error', () => resolve(null));
    call.end(body);
  });
}

async function rebind(stage: Stage): Promise<string> {
  const supervisor = await stage.start();
  const doors = await doorsOf(supervisor);
  let tries = 0;
  for (const door of doors) {
    assert.notEqual(door.port, 0, `${door.name} has no port`);
    for (const headers of foreign) {
      for (const method of ['GET', 'POST', 'OPTIONS']) {
        const status = await send(door, method, headers);
        const words = `${door.name}: ${method} with ${JSON.stringify(headers)} was answered ${status}`;
        // A door for lines does not speak HTTP: it hangs up, or says so.
        assert.ok(status === null || (status >= 400 && status < 500), words);
        if (headers['host'] !== undefined) {
          assert.ok(status === null || status === 403 || status === 421, words);
        }
        tries += 1;
      }
    }
  }
  assert.ok(supervisor.process.isRunning, 'a foreign page has ended the supervisor');
  const own = await send({ name: 'own', port: doors[0]?.port ?? 0, path: '/health' }, 'GET', {});
  assert.equal(own, 200);
  return `${tries} requests as of foreign pages at ${doors.length} doors on ${new Set(doors.map(({ port }) => port)).size} ports: none was let in; our own is`;
}

/** What a door may be sent: noise, and what begins well. */
function noise(fuzz: Fuzz): Buffer {
  switch (fuzz.below(6)) {
    case 0:
      return randomBytes(1 + fuzz.below(20_000));
    case 1:
      return Buffer.concat([Buffer.from('POST /mcp HTTP/1.1\r\n'), randomBytes(fuzz.below(3_000))]);
    case 2:
      return Buffer.from(
        `GET /${'../'.repeat(fuzz.below(500))}%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      );
    case 3:
      return Buffer.from(
        `POST /control HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n`,
      );
    case 4:
      return Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, ...randomBytes(500)]);
    default:
      // Never a valid request: one that ends the supervisor would be obeyed.
      return Buffer.concat([Buffer.from('{'), fuzz.line(), Buffer.from('\n')]);
  }
}

/** Sends it and hangs up, in order or not; resolves when the connection is over. */
function shout(port: number, bytes: Buffer, isRude: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
    socket.write(bytes, () => {
      if (isRude) socket.resetAndDestroy();
      else socket.end();
    });
    socket.setTimeout(2_000, () => socket.destroy());
  });
}

/** What ten thousand connections that are over may leave behind, in MB: code that was compiled, caches. */
const noiseMb = 15;

async function shoutAtDoors(stage: Stage): Promise<string> {
  const supervisor = await stage.start({ nodeFlags: [inspectFlag] });
  const client = await stage.client(supervisor, 'agent');
  const stream = await stage.subscriber(supervisor);
  const before = processesIn(await supervisor.snapshot());
  const doors = await doorsOf(supervisor);
  const allPorts = [...new Set(doors.map(({ port }) => port))];
  const perPort = stage.isQuick ? 100 : 2_000;
  const fuzz = new Fuzz(17);
  const memory = await heldMb(supervisor);
  const count = { all: 0 };
  const shouters = allPorts.flatMap((port) =>
    Array.from({ length: 4 }, async () => {
      for (let each = 0; each < perPort / 4; each += 1) {
        await shout(port, noise(fuzz), fuzz.below(3) === 0);
        count.all += 1;
      }
    }),
  );
  const over = Promise.all(shouters).then(() => true);
  let calls = 0;
  let isOver = false;
  while (!isOver) {
    await makePlan(client, `/work/amid-the-noise/${calls}`);
    calls += 1;
    isOver = await Promise.race([over, Promise.resolve(false)]);
  }
  const id = String(await emit(supervisor, 'after the noise'));
  await stream.until('an event after the noise', ({ lastEventId }) => lastEventId === id);
  const { sessions } = await supervisor.snapshot();
  assert.equal(sessions.find(({ clientName }) => clientName === 'agent')?.moves, 0);
  assert.deepEqual(processesIn(await supervisor.snapshot()), before, 'a child was restarted');
  assert.ok(!/FATAL|a mistake of the supervisor/.test(supervisor.output()));
  const more = (await heldMb(supervisor)) - memory;
  assert.ok(more < noiseMb, `${more} MB more held`);
  return `${count.all} connections of noise at ${allPorts.length} ports (HTTP, NDJSON and TLS that begin well among it): no process restarted, ${calls} calls of a session beside them, events go on, ${more} MB more held`;
}

export const doors: readonly Fault[] = [
  {
    id: 'F17',
    done: 'requests with the Host or Origin of a foreign page (DNS rebinding) at every port, those of the children too',
    promised: 'none is let in',
    isQuick: true,
    run: rebind,
  },
  {
    id: 'F17b',
    done: 'random bytes, half messages and wrong protocols at every port',
    promised: 'nothing breaks, nothing restarts, others are served',
    isQuick: true,
    lacks: onlyOnLinux,
    run: shoutAtDoors,
  },
];
