import type { ServerResponse } from 'node:http';
import { expect, test, vi } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { open, raw, send } from './http-client.test-helper.ts';

const callMessage = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call' });

function headersOf(sessionId: string) {
  return { 'mcp-session-id': sessionId, 'content-type': 'application/json' };
}

/** The stream of a new session, and the server's end of it. */
async function openStream(rig: Rig) {
  const id = await rig.initialize();
  const stream = await open(rig.port, { headers: headersOf(id) });
  const source = rig.home(id).streams.get(rig.upstreamId(id));
  if (source === undefined) throw new Error('the stream did not reach the instance');
  return { id, stream, source };
}

/** A call of a new session that is answered by `answer` as events. */
async function openCall(rig: Rig, answer: (response: ServerResponse) => void) {
  const id = await rig.initialize();
  rig.home(id).answer = (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    answer(response);
  };
  const call = { method: 'POST', headers: headersOf(id), body: callMessage };
  return { id, call: await open(rig.port, call) };
}

test('the head of an idle stream arrives before its first event', async () => {
  await using rig = await startRig();
  const { stream } = await openStream(rig);
  using _ = stream;
  expect(stream.status).toBe(200);
  expect(stream.response.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'x-accel-buffering': 'no',
  });
  expect(stream.text).toBe('');
});

test('the head and each part of a short answer arrive when they are sent, though a whole one leaves as one', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  let source: ServerResponse | undefined;
  rig.home(id).answer = (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '6' });
    response.flushHeaders();
    source = response;
  };
  const call = { method: 'POST', headers: headersOf(id), body: callMessage };
  using answer = await open(rig.port, call);
  expect([answer.status, answer.text]).toEqual([200, '']);
  source?.write('abc');
  await eventually(() => expect(answer.text).toBe('abc'));
  source?.end('déf'.slice(0, 2));
  await answer.ended;
  expect([answer.ending, answer.text]).toEqual(['complete', 'abcdé']);
});

test('a short answer that breaks off is broken off for its client, too', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.home(id).answer = (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '6' });
    response.write('abc', () => response.destroy());
  };
  const call = { method: 'POST', headers: headersOf(id), body: callMessage };
  using answer = await open(rig.port, call);
  await answer.ended;
  expect(answer.ending).not.toBe('complete');
});

test('each event arrives when it is sent, byte for byte', async () => {
  await using rig = await startRig();
  const { stream, source } = await openStream(rig);
  using _ = stream;
  // A priming event, a retry hint, a comment, half a frame and its rest (MCP 2025-11-25, SEP-1699).
  let sent = '';
  for (const part of [
    'id: 7\ndata:\n\n',
    'retry: 50\n\n',
    ': hello\n\n',
    'data: {"a"',
    ':1}\n\n',
  ]) {
    source.write(part);
    sent += part;
    await eventually(() => expect(stream.text).toBe(sent));
  }
  expect(stream.ending).toBeNull();
});

test('what the server says about buffering is said once', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().answer = (_request, response) => {
    const head = { 'content-type': 'text/event-stream', 'X-Accel-Buffering': 'no' };
    response.writeHead(200, { ...head, 'cache-control': 'no-cache, no-transform' }).end();
  };
  using stream = await open(rig.port, { headers: headersOf(id) });
  expect(stream.response.headers).toMatchObject({
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
});

test('Last-Event-ID goes to the instance of the session', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using _ = await open(rig.port, { headers: { ...headersOf(id), 'Last-Event-ID': 'ev-41' } });
  expect(rig.home(id).received('GET')[0]?.headers['last-event-id']).toBe('ev-41');
});

test('a stream that the server ends is no failure: the session lives', async () => {
  await using rig = await startRig();
  const { id, stream, source } = await openStream(rig);
  source.end('id: 8\ndata:\n\n');
  await stream.ended;
  expect(stream.ending).toBe('complete');
  expect(rig.pool.sessions.get(id)?.streams).toBe(0);
  using again = await open(rig.port, { headers: headersOf(id) });
  expect(again.status).toBe(200);
});

test('a client that leaves its stream frees the connection behind it, and keeps its session', async () => {
  await using rig = await startRig();
  const { id, stream } = await openStream(rig);
  expect(rig.pool.sessions.get(id)?.streams).toBe(1);
  stream.hangUp();
  await eventually(() => expect(rig.upstream().streams.size).toBe(0));
  expect(rig.upstream().received('GET')[0]?.aborted).toBe(true);
  await eventually(() => expect(rig.pool.sessions.get(id)?.streams).toBe(0));
  expect((await rig.post({ id: 3, method: 'ping' }, headersOf(id))).status).toBe(200);
});

test('a client that leaves its call frees the connection and is no longer counted', async () => {
  await using rig = await startRig();
  const { id, call } = await openCall(rig, (response) => response.write('data: 1\n\n'));
  await eventually(() => expect(call.text).toBe('data: 1\n\n'));
  expect(rig.inFlight).toBe(1);
  expect(rig.pool.sessions.get(id)?.inFlight).toBe(1);
  call.hangUp();
  await eventually(() => expect(rig.upstream().seen.at(-1)?.aborted).toBe(true));
  await eventually(() => expect(rig.inFlight).toBe(0));
  expect(rig.pool.sessions.get(id)?.inFlight).toBe(0);
});

test('an idle stream is not work: its instance does not count as busy', async () => {
  await using rig = await startRig();
  const { stream } = await openStream(rig);
  using _ = stream;
  expect(rig.inFlight).toBe(0);
});

test('an instance that dies in the middle of an answer ends that answer with an error, and nothing else', async () => {
  await using rig = await startRig({ instances: 2 });
  const { id, call } = await openCall(rig, (response) => response.write('data: 1\n\n'));
  const other = await rig.initialize();
  await eventually(() => expect(call.text).toBe('data: 1\n\n'));
  await rig.service(rig.homeNumber(id)).crash();
  await call.ended;
  expect(call.ending).toBe('complete');
  expect(call.text).toContain('"code":"call_interrupted"');
  await eventually(() => expect(rig.inFlight).toBe(0));
  expect((await rig.post({ id: 3, method: 'ping' }, headersOf(other))).status).toBe(200);
});

test('W17 an instance that dies before it answers gives an error in words', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().answer = (request) => request.socket.destroy();
  const answer = await rig.post({ id: 2, method: 'tools/call' }, headersOf(id));
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toEqual({
    jsonrpc: '2.0',
    id: 2,
    error: {
      code: -32000,
      message: expect.stringMatching(
        /^The MCP server ended while it worked on the request \(.+\)\./,
      ),
      data: { code: 'call_interrupted', retryable: false },
    },
  });
  expect(rig.inFlight).toBe(0);
});

// 128 MiB over two connections within this one process.
test('a slow client holds the server back, and gets everything in the end', {
  timeout: 30_000,
}, async () => {
  await using rig = await startRig();
  const total = 128 * 1024 * 1024;
  const flood = new Flood(total);
  const { call } = await openCall(rig, (response) => flood.into(response));
  call.response.removeAllListeners('data').pause();
  await flood.stands();
  // What the sockets of two connections hold on the loopback; the gateway itself adds nearly nothing.
  expect(flood.sent).toBeLessThan(total / 2);
  let received = 0;
  call.response.on('data', (part: string) => {
    received += part.length;
  });
  call.response.resume();
  await call.ended;
  expect(call.ending).toBe('complete');
  expect(received).toBe(total);
});

test('a client that leaves while it is held back frees the server', async () => {
  await using rig = await startRig();
  const flood = new Flood(Number.POSITIVE_INFINITY);
  const { call } = await openCall(rig, (response) => flood.into(response));
  call.response.removeAllListeners('data').pause();
  await flood.stands();
  call.hangUp();
  await eventually(() => expect(rig.upstream().seen.at(-1)?.aborted).toBe(true));
  await eventually(() => expect(rig.inFlight).toBe(0));
});

test('a client that hangs up is not a fault that belongs into the log', async () => {
  await using rig = await startRig();
  const { id, call } = await openCall(rig, (response) => response.write('data: 1\n\n'));
  call.hangUp();
  // One whose body breaks off, in a session and before one.
  const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n`;
  for (const session of ['', `Mcp-Session-Id: ${id}\r\n`]) {
    const connection = await raw(rig.port, `${head}${session}\r\n{"half":`);
    if (session !== '') await eventually(() => expect(inFlightOf(rig, id)).toBe(1));
    connection.socket.destroy();
    await eventually(() => expect(inFlightOf(rig, id)).toBe(0));
  }
  // The gateway has seen all this when it answers what came later.
  await send(rig.port, { path: '/health' });
  expect(rig.log.filter(({ level }) => level >= 40)).toEqual([]);
});

function inFlightOf(rig: Rig, sessionId: string): number | undefined {
  return rig.pool.sessions.get(sessionId)?.inFlight;
}

/** As many bytes as the other side takes, and no faster. */
class Flood {
  readonly #chunk = Buffer.alloc(64 * 1024, 'x');
  readonly #total: number;
  sent = 0;

  constructor(total: number) {
    this.#total = total;
  }

  into(response: ServerResponse): void {
    const fill = () => {
      while (this.sent < this.#total) {
        this.sent += this.#chunk.length;
        if (!response.write(this.#chunk)) return;
      }
      response.off('drain', fill).end();
    };
    response.on('drain', fill);
    fill();
  }

  /** Resolves when the other side has stopped taking. */
  async stands(): Promise<void> {
    let last = -1;
    const check = () => {
      const stood = this.sent > 0 && this.sent === last;
      last = this.sent;
      expect(stood).toBe(true);
    };
    await vi.waitFor(check, { interval: 200, timeout: 10_000 });
  }
}
