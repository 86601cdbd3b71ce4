import { expect, test } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';
import { open, send } from './http-client.test-helper.ts';
import type { Answer } from './upstream.test-helper.ts';

const events = { 'content-type': 'text/event-stream' };
const [first, last] = ['data: {"id":1}\n\n', 'data: {"id":2}\n\n'];
const call = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

/** A rig whose instance answers so, and a call in a session there. */
async function startSession(answer: Answer) {
  const rig = await startRig();
  const headers = { 'mcp-session-id': await rig.initialize() };
  rig.upstream().answer = (request, response, seen) => {
    request.resume();
    answer(request, response, seen);
  };
  return { rig, ask: { method: 'POST', headers, body: JSON.stringify(call) } };
}

test('a stream that ends at once goes out as one answer, with its length', async () => {
  const { rig, ask } = await startSession((_request, response) => {
    response.writeHead(200, events);
    response.end(first);
  });
  await using _rig = rig;
  const answer = await send(rig.port, ask);
  expect(answer).toMatchObject({ status: 200, text: first });
  expect(answer.headers).toMatchObject({ ...events, 'content-length': `${first.length}` });
  expect(answer.headers).not.toHaveProperty('transfer-encoding');
});

test('a stream that goes on has no length, whatever the instance says, and each event comes at once', async () => {
  const rest = Promise.withResolvers<() => void>();
  const { rig, ask } = await startSession((_request, response) => {
    const bytes = Buffer.byteLength(first + last);
    response.writeHead(200, { ...events, 'content-length': bytes });
    response.write(first);
    rest.resolve(() => response.end(last));
  });
  await using _rig = rig;
  using answer = await open(rig.port, ask);
  expect(answer.response.headers).not.toHaveProperty('content-length');
  await expect.poll(() => answer.text).toBe(first);
  (await rest.promise)();
  await answer.ended;
  expect([answer.text, answer.ending]).toEqual([first + last, 'complete']);
});

test('bytes that are no text come as they are, in an answer of many megabytes too', async () => {
  const bytes = Buffer.alloc(8 * 1024 * 1024, Buffer.from([0, 255, 128, 13, 10, 195]));
  for (const body of [bytes.subarray(0, 1_000), bytes]) {
    const { rig, ask } = await startSession((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.end(body);
    });
    await using _rig = rig;
    const answer = await fetch(`http://127.0.0.1:${rig.port}/mcp`, ask);
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  }
});
