import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { open, send } from './http-client.test-helper.ts';
import { reply } from './upstream.test-helper.ts';

/** Headers of MCP 2026-07-28, in which a request stands for itself. */
const headers = {
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/list',
};

const body = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
});

const call = { method: 'POST', headers, body };

/** Every instance answers statelessly, with its name. */
function answerStateless(rig: Rig): void {
  for (const { upstream } of rig.services) {
    upstream.answer = (request, response) => {
      request.resume().on('end', () => reply(response, 200, { server: upstream.name }));
    };
  }
}

test('a stateless request needs no session, and leaves none behind', async () => {
  await using rig = await startRig();
  answerStateless(rig);
  const answer = await send(rig.port, call);
  expect(answer).toMatchObject({ status: 200, text: '{"server":"up1"}' });
  expect(rig.pool.sessions.size).toBe(0);
  expect(rig.upstream().seen[0]?.headers).toMatchObject(headers);
});

test('stateless requests go to the instance with the least to do', async () => {
  await using rig = await startRig({ instances: 2 });
  rig.upstream(1).answer = (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  using _busy = await open(rig.port, call);
  expect(rig.upstream(1).seen).toHaveLength(1);
  rig.upstream(2).answer = (request, response) => {
    request.resume().on('end', () => reply(response, 200, {}));
  };
  for (let round = 0; round < 3; round += 1) await send(rig.port, call);
  expect(rig.services.map(({ upstream }) => upstream.seen.length)).toEqual([1, 3]);
});

test('W11 stateless requests that run at once use every instance', async () => {
  await using rig = await startRig({ instances: 2 });
  const waiting: (() => void)[] = [];
  for (const { upstream } of rig.services) {
    upstream.answer = (request, response) => {
      request.resume();
      waiting.push(() => response.end('{}'));
    };
  }
  const calls = Array.from({ length: 20 }, () => send(rig.port, call));
  await eventually(() => expect(waiting).toHaveLength(20));
  expect(rig.services.map(({ upstream }) => upstream.seen.length)).toEqual([10, 10]);
  for (const answer of waiting) answer();
  await Promise.all(calls);
});

test('"unknown method" of a stateless server passes through as it is', async () => {
  await using rig = await startRig();
  const text = '{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}';
  rig.upstream().answer = (request, response) => {
    request.resume();
    response.writeHead(404, { 'content-type': 'application/json' }).end(text);
  };
  expect(await send(rig.port, call)).toMatchObject({ status: 404, text });
});

test('a session id on a stateless request means nothing: no 404 for it, no session lost by it', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  answerStateless(rig);
  const stale = { ...call, headers: { ...headers, 'mcp-session-id': 'unknown' } };
  expect((await send(rig.port, stale)).status).toBe(200);
  rig.upstream().answer = (request, response) => {
    request.resume().on('end', () => reply(response, 404, { error: { code: -32601 } }));
  };
  const live = { ...call, headers: { ...headers, 'mcp-session-id': id } };
  expect((await send(rig.port, live)).status).toBe(404);
  expect(rig.upstream().seen.at(-1)?.headers).not.toHaveProperty('mcp-session-id');
  expect(rig.pool.sessions.get(id)).toBeDefined();
});

test('a client that closes a stateless answer cancels the request', async () => {
  await using rig = await startRig();
  rig.upstream().answer = (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  const answer = await open(rig.port, call);
  expect(rig.inFlight).toBe(1);
  answer.hangUp();
  await eventually(() => expect(rig.upstream().seen[0]?.aborted).toBe(true));
  await eventually(() => expect(rig.inFlight).toBe(0));
});

test('a client that gives up before the answer begins cancels the request, too', async () => {
  await using rig = await startRig();
  let arrived = false;
  rig.upstream().answer = (request) => {
    request.resume();
    arrived = true;
  };
  const gaveUp = new AbortController();
  const answer = fetch(`http://127.0.0.1:${rig.port}/mcp`, { ...call, signal: gaveUp.signal });
  await eventually(() => expect(arrived).toBe(true));
  gaveUp.abort();
  await expect(answer).rejects.toThrow();
  await eventually(() => expect(rig.upstream().seen[0]?.aborted).toBe(true));
  await eventually(() => expect(rig.inFlight).toBe(0));
});

test('GET and DELETE without a session get the answer of the server', async () => {
  await using rig = await startRig();
  rig.upstream().answer = (_request, response) => {
    response.writeHead(405, { allow: 'POST' }).end();
  };
  for (const method of ['GET', 'DELETE']) {
    const answer = await send(rig.port, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST');
  }
});
