import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { type RawConnection, raw, send } from './http-client.test-helper.ts';
import { Upgrades } from './upgrades.ts';

/** A WebSocket server that returns what it gets; `peers` are its open sockets. */
class EchoTarget {
  readonly requests: IncomingMessage[] = [];
  readonly sockets = new Set<Socket>();
  /** Connections whose other side has said that it is done. */
  ended = 0;
  /** Takes the handshake instead of the WebSocket server. */
  answer: ((socket: Socket) => void) | null = null;
  origin = '';
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #server: Server = createServer((_request, response) => response.end('plain'));

  static async start(): Promise<EchoTarget> {
    const target = new EchoTarget();
    target.#server.on('connection', (socket: Socket) => {
      target.sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => target.sockets.delete(socket));
    });
    target.#server.on('upgrade', (request, socket, head) => {
      target.requests.push(request);
      if (target.answer) {
        target.answer(socket as Socket);
        socket.resume().once('end', () => {
          target.ended += 1;
        });
        return;
      }
      target.#sockets.handleUpgrade(request, socket, head, (peer) => {
        peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
        peer.on('error', () => {});
      });
    });
    await new Promise<void>((resolve) => target.#server.listen(0, '127.0.0.1', resolve));
    target.origin = `http://127.0.0.1:${(target.#server.address() as AddressInfo).port}`;
    onTestFinished(() => target.stop());
    return target;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

async function rigWith(target: EchoTarget | null, allowedOrigins: readonly string[] = []) {
  const route = {
    path: '/app',
    origin: () => target?.origin ?? null,
    refusal: () => ({ status: 503, body: { ok: false, code: 'service_unavailable' } }),
    websocket: true,
    stripPrefix: true,
  };
  const closed = { ...route, path: '/closed', websocket: false };
  return await startRig({ gateway: { routes: [route, closed], allowedOrigins } });
}

async function connectTo(rig: Rig, path = '/app/ws', headers = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}${path}`, { headers });
  onTestFinished(() => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function echo(socket: WebSocket, data: string | Buffer): Promise<Buffer> {
  const answer = new Promise<Buffer>((resolve) => {
    socket.once('message', (bytes) => resolve(bytes as Buffer));
  });
  socket.send(data);
  return await answer;
}

function handshake(path: string, ...headers: readonly string[]): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    ...(headers.some((line) => line.startsWith('Host:')) ? [] : ['Host: localhost']),
    'Connection: keep-alive, Upgrade',
    'Upgrade: WebSocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

async function statusOf(connection: RawConnection): Promise<string> {
  await eventually(() => expect(connection.received).toContain('\r\n\r\n'));
  return connection.received.slice(9, 12);
}

test('a WebSocket goes through both ways, with path, subprotocol and large messages', async () => {
  const target = await EchoTarget.start();
  await using rig = await rigWith(target);
  const socket = await connectTo(rig, '/app/ws?room=7', { 'X-Forwarded-For': '203.0.113.9' });
  expect(String(await echo(socket, 'hello'))).toBe('hello');
  const large = Buffer.alloc(8 * 1024 * 1024, 'x');
  expect((await echo(socket, large)).equals(large)).toBe(true);
  expect(target.requests[0]?.url).toBe('/ws?room=7');
  expect(target.requests[0]?.headers).toMatchObject({
    host: new URL(target.origin).host,
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-prefix': '/app',
  });
});

test('when the client goes, its connection to the server goes; and the other way round', async () => {
  const target = await EchoTarget.start();
  await using rig = await rigWith(target);
  for (const leave of ['close', 'terminate'] as const) {
    const socket = await connectTo(rig);
    expect(target.sockets.size).toBe(1);
    socket[leave]();
    await eventually(() => expect(target.sockets.size).toBe(0));
  }
  const socket = await connectTo(rig);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const each of target.sockets) each.resetAndDestroy();
  await closed;
  expect((await send(rig.port, { path: '/health' })).status).toBe(200);
});

test('a client that closes one half only does not stay', async () => {
  const target = await EchoTarget.start();
  // It goes on reading and never ends by itself.
  target.answer = (socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
  };
  await using rig = await rigWith(target);
  using client = await raw(rig.port, handshake('/app/ws'));
  expect(await statusOf(client)).toBe('101');
  client.socket.end();
  await client.closing;
  await eventually(() => expect(target.ended).toBe(1));
});

test.each([
  [403, 'forbidden_host', ['Host: evil.example']],
  [403, 'forbidden_origin', ['Origin: http://evil.example']],
  [403, 'forbidden_origin', ['Origin: null']],
] as const)('%s %s: a foreign page gets no WebSocket', async (status, code, headers) => {
  const target = await EchoTarget.start();
  await using rig = await rigWith(target);
  using client = await raw(rig.port, handshake('/app/ws', ...headers));
  expect(await statusOf(client)).toBe(String(status));
  expect(client.received).toContain(code);
  await client.closing;
  expect(target.requests).toEqual([]);
});

test('local and configured pages get one', async () => {
  const target = await EchoTarget.start();
  await using rig = await rigWith(target, ['https://board.example']);
  for (const origin of ['http://localhost:5173', 'https://board.example']) {
    const socket = await connectTo(rig, '/app/ws', { origin });
    expect(String(await echo(socket, origin))).toBe(origin);
  }
});

test('a server that is away, dead, silent or unwilling is told of in HTTP, and the connection ends', async () => {
  await using away = await rigWith(null);
  using none = await raw(away.port, handshake('/app/ws'));
  expect(await statusOf(none)).toBe('503');
  await none.closing;

  const target = await EchoTarget.start();
  await using rig = await rigWith(target);
  target.answer = (socket) => socket.end('HTTP/1.1 401 No\r\nContent-Length: 4\r\n\r\nkey?');
  using unwilling = await raw(rig.port, handshake('/app/ws'));
  expect(await statusOf(unwilling)).toBe('401');
  await unwilling.closing;
  expect(unwilling.received).toMatch(/key\?$/);

  target.answer = (socket) => socket.destroy();
  using rude = await raw(rig.port, handshake('/app/ws'));
  expect(await statusOf(rude)).toBe('503');
  await rude.closing;

  await target.stop();
  using dead = await raw(rig.port, handshake('/app/ws'));
  expect(await statusOf(dead)).toBe('503');
  expect(dead.received).toContain('service_unavailable');
  await dead.closing;
  expect((await send(rig.port, { path: '/health' })).status).toBe(200);
});

test('a client that gives up during the handshake leaves nothing behind', async () => {
  const target = await EchoTarget.start();
  target.answer = () => {};
  await using rig = await rigWith(target);
  const client = await raw(rig.port, handshake('/app/ws'));
  await eventually(() => expect(target.sockets.size).toBe(1));
  client.socket.resetAndDestroy();
  await eventually(() => expect(target.ended + Number(target.sockets.size === 0)).toBe(1));
});

test('a wish to upgrade that cannot be met is answered as if it were not there', async () => {
  const target = await EchoTarget.start();
  await using rig = await rigWith(target);
  const h2c = {
    Connection: 'Upgrade, HTTP2-Settings',
    Upgrade: 'h2c',
    'HTTP2-Settings': 'AAMAAABk',
  };
  expect((await send(rig.port, { path: '/health', headers: h2c })).status).toBe(200);
  expect((await send(rig.port, { path: '/app/x', headers: h2c })).text).toBe('plain');
  for (const path of ['/health', '/closed/ws']) {
    using client = await raw(rig.port, handshake(path));
    expect(await statusOf(client), path).toBe('200');
  }
  const half =
    'GET /app/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  using keyless = await raw(rig.port, half);
  expect(await statusOf(keyless)).toBe('200');
  expect(target.requests).toEqual([]);
});

test('the primary instance gets WebSockets that no route takes', async () => {
  const target = await EchoTarget.start();
  await using rig = await startRig();
  rig.service().port = Number(new URL(target.origin).port);
  const socket = await connectTo(rig, '/live');
  expect(String(await echo(socket, 'hello'))).toBe('hello');
});

test('closing the gateway ends them all', async () => {
  const target = await EchoTarget.start();
  await using rig = await rigWith(target);
  const socket = await connectTo(rig);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await rig.gateway.close();
  await closed;
  await eventually(() => expect(target.sockets.size).toBe(0));
});

test('there is a bound on them, and a place is free again when one has gone', () => {
  const upgrades = new Upgrades({ idleMs: 60_000, maxOpen: 2 });
  const clients = [new PassThrough(), new PassThrough()];
  for (const client of clients) upgrades.admit(client);
  expect(() => upgrades.admit(new PassThrough())).toThrow(/2 WebSocket connections are open/);
  clients[0]?.emit('close');
  expect(() => upgrades.admit(new PassThrough())).not.toThrow();
  expect(upgrades.size).toBe(2);
});

test('what is silent for too long is ended on both sides', async () => {
  const accepted: Socket[] = [];
  const server = createServer();
  server.on('connection', (socket: Socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const [client, upstream] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  const upgrades = new Upgrades({ idleMs: 50, maxOpen: 2 });
  upgrades.admit(client);
  upgrades.join(client, upstream);
  await eventually(() => expect([client.destroyed, upstream.destroyed]).toEqual([true, true]));
  await eventually(() => expect(upgrades.size).toBe(0));
  for (const socket of accepted) socket.destroy();
  server.close();
});
