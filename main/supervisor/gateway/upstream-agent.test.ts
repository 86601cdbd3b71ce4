import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UpstreamAgent } from './upstream-agent.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

let agent: UpstreamAgent;
let server: Server;
let origin: string;
/** Connections that were taken, in order. */
let sockets: Socket[];
/** What arrived, over all connections. */
let received: string;
/** Answers what a connection has sent. */
let answer: (socket: Socket, bytes: string) => void;

beforeEach(async () => {
  agent = new UpstreamAgent();
  sockets = [];
  received = '';
  answer = (socket) => socket.write(ok);
  server = createServer((socket) => {
    sockets.push(socket);
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (bytes: string) => {
      received += bytes;
      answer(socket, bytes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await agent.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function ask(body: string | null = '{}', headers: readonly string[] = ['x-a', 'b']) {
  const options = { origin, path: '/mcp?x=1', headers: [...headers], body };
  const { statusCode, body: stream } = await agent.request({ ...options, method: 'POST' });
  return [statusCode, await text(stream)];
}

/** A broken connection is closed, too. */
async function closed(socket: Socket | undefined): Promise<void> {
  await new Promise((resolve) => socket?.once('close', resolve));
}

test('head and body go out as they were given, with a length and a host', async () => {
  expect(await ask()).toEqual([200, 'ok']);
  const port = origin.slice('http://'.length);
  expect(received).toBe(
    `POST /mcp?x=1 HTTP/1.1\r\nhost: ${port}\r\nconnection: keep-alive\r\nx-a: b\r\ncontent-length: 2\r\n\r\n{}`,
  );
});

test('what the connection rules cannot be set from outside', async () => {
  await ask('abc', ['Content-Length', '1', 'Transfer-Encoding', 'chunked', 'Host', 'evil']);
  expect(received).toMatch(
    /^POST .*\r\nhost: 127\.0\.0\.1:\d+\r\n.*\r\ncontent-length: 3\r\n\r\nabc$/,
  );
});

test.each([
  ['a line end in a value', ['x-a', 'b\r\nx-evil: 1']],
  ['a NUL in a value', ['x-a', 'b\0']],
  ['a line end in a name', ['x-a\r\nx-evil', 'b']],
])('%s is refused, and nothing is sent', async (_what, headers) => {
  await expect(ask('{}', headers)).rejects.toThrow(/invalid/i);
  expect(received).toBe('');
});

test('a connection carries one call after another', async () => {
  for (let call = 0; call < 5; call += 1) await ask();
  expect(sockets).toHaveLength(1);
});

test('calls at the same time have connections of their own, which are used again', async () => {
  await Promise.all([ask(), ask(), ask()]);
  await Promise.all([ask(), ask(), ask()]);
  expect(sockets).toHaveLength(3);
});

test.each([
  ['says that it closes', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  ['is of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  ['has bytes behind it', `${ok}HTTP/1.1 200 OK\r\n`],
])('a connection whose answer %s is not used again', async (_what, bytes) => {
  answer = (socket) => socket.write(bytes);
  expect(await ask()).toEqual([200, 'ok']);
  expect(await ask()).toEqual([200, 'ok']);
  expect(sockets).toHaveLength(2);
});

test('a connection that its instance has closed at rest costs no call', async () => {
  await ask();
  sockets[0]?.end();
  await closed(sockets[0]);
  expect(await ask()).toEqual([200, 'ok']);
  expect(sockets).toHaveLength(2);
});

test('a connection on which something comes unasked is closed', async () => {
  await ask();
  sockets[0]?.write(ok);
  await closed(sockets[0]);
  expect(await ask()).toEqual([200, 'ok']);
});

test('a call whose connection breaks is sent once, and fails', async () => {
  answer = (socket) => socket.destroy();
  await expect(ask()).rejects.toThrow(/other side closed|ECONNRESET/);
  answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
  await expect(ask()).rejects.toThrow(/other side closed/);
  expect(received.match(/POST/g)).toHaveLength(2);
});

test('that nobody listens is told by its code: such a call was seen by nobody', async () => {
  server.close();
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('an answer that is not HTTP fails the call and ends its connection', async () => {
  answer = (socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok');
  await expect(ask()).rejects.toThrow('valid HTTP');
  await closed(sockets[0]);
});

test('an answer that comes before its request is all sent is passed on; its connection is not used again', async () => {
  answer = (socket, bytes) => {
    if (!bytes.startsWith('POST')) return;
    socket.pause();
    socket.write(ok);
  };
  expect(await ask('x'.repeat(16 * 1024 * 1024))).toEqual([200, 'ok']);
  answer = (socket) => socket.write(ok);
  expect(await ask()).toEqual([200, 'ok']);
  expect(sockets).toHaveLength(2);
});

test('a call that is aborted frees its connection, before and after its head', async () => {
  for (const bytes of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf']) {
    const { promise: arrived, resolve } = Promise.withResolvers<Socket>();
    answer = (socket) => {
      if (bytes !== '') socket.write(bytes);
      resolve(socket);
    };
    const over = new AbortController();
    const options = { origin, path: '/', method: 'POST', headers: ['x', 'y'], body: '{}' } as const;
    const asked = agent
      .request({ ...options, headers: [...options.headers], signal: over.signal })
      .then(({ body }) => text(body));
    const socket = await arrived;
    const isClosed = closed(socket);
    over.abort();
    await expect(asked).rejects.toThrow(/abort/i);
    await isClosed;
  }
});

// Tens of MiB within one process take their time on a busy machine.
test('an instance that answers faster than its client reads is held back', {
  timeout: 30_000,
}, async () => {
  const total = 64 * 1024 * 1024;
  let sent = 0;
  answer = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    const more = () => {
      while (sent < total) {
        sent += 64 * 1024;
        if (socket.write('x'.repeat(64 * 1024))) continue;
        socket.once('drain', more);
        return;
      }
    };
    more();
  };
  const { body } = await agent.request({ origin, path: '/', method: 'GET', headers: ['x', 'y'] });
  // It must stand for a while: a process that is busy with hoarding moves little, too.
  let last = -1;
  let looks = 0;
  const stands = () => {
    looks = sent > 0 && sent === last ? looks + 1 : 0;
    last = sent;
    return looks;
  };
  await expect.poll(stands, { interval: 100, timeout: 20_000 }).toBeGreaterThan(8);
  // What the sockets of the loopback hold.
  expect(sent).toBeLessThan(total / 2);
  let size = 0;
  for await (const part of body) size += (part as Buffer).length;
  expect(size).toBe(total);
});

test('the end of the agent ends what is under way', async () => {
  answer = () => {};
  const asked = ask();
  await expect.poll(() => received).toContain('{}');
  const refused = expect(asked).rejects.toThrow('closing');
  await agent.destroy();
  await refused;
  await expect(ask()).rejects.toThrow(/destroyed/i);
});

test('no more than 1,024 connections are open; what comes beyond waits for one', async () => {
  const waiting: Socket[] = [];
  answer = (socket) => waiting.push(socket);
  const calls = Array.from({ length: 1_030 }, () => ask());
  await expect.poll(() => waiting.length, { timeout: 15_000 }).toBe(1_024);
  expect(sockets).toHaveLength(1_024);
  answer = (socket) => socket.write(ok);
  for (const socket of waiting) socket.write(ok);
  expect(await Promise.all(calls)).toEqual(Array.from(calls, () => [200, 'ok']));
  expect(sockets).toHaveLength(1_024);
  // A thousand connections take their time on a busy machine.
}, 30_000);

test('what comes before the request was sent is no answer to it', async () => {
  await ask();
  const result = new Promise((resolve, reject) => {
    // After timers the loop reads first, and ends its turn then.
    setTimeout(() => {
      sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged');
      ask().then(resolve, reject);
    });
  });
  await expect(result).rejects.toThrow('it came before its request');
  expect(await ask()).toEqual([200, 'ok']);
});
