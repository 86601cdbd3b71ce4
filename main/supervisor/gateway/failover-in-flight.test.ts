/** What becomes of calls that were under way when their instance died. */
import { expect, test } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import {
  eventsOf,
  HeldCalls,
  headersOf,
  killHome,
  notRepeated,
  toolCall,
} from './failover.test-helper.ts';
import { type OpenAnswer, open } from './http-client.test-helper.ts';

const repeatable = [
  ['a tool with readOnlyHint', toolCall('look')],
  ['a tool with idempotentHint', toolCall('set')],
  ['ping', { id: 7, method: 'ping' }],
  ['resources/read', { id: 7, method: 'resources/read', params: { uri: 'file:///a' } }],
  ['prompts/get', { id: 7, method: 'prompts/get', params: { name: 'p' } }],
  ['tools/list', { id: 7, method: 'tools/list' }],
] as const;

/** Sends a message of which the answer is a stream; resolves with its head. */
async function openCall(port: number, id: string, message: object): Promise<OpenAnswer> {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message });
  return await open(port, { method: 'POST', headers: headersOf(id), body });
}

test.each(repeatable)('W17 %s is asked again, and answered once', async (_, message) => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, message.method);
  const answer = rig.post(message, headersOf(id));
  await calls.until(1);
  await killHome(rig, id);
  await calls.until(2);
  expect(calls.held.map((each) => each.message)).toEqual(
    Array.from({ length: 2 }, () => ({ jsonrpc: '2.0', ...message })),
  );
  calls.answer(1, { second: true });
  const { status, text } = await answer;
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual({ jsonrpc: '2.0', id: 7, result: { second: true } });
  expect(rig.inFlight).toBe(0);
});

test('W17 a call whose body came in chunks is asked again like any other', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const chunked = headersOf(id, { 'transfer-encoding': 'chunked' });
  const answer = rig.post(toolCall('look'), chunked);
  await calls.until(1);
  await killHome(rig, id);
  await calls.until(2);
  calls.answer(1);
  expect((await answer).status).toBe(200);
});

test.each(['send', 'unheard of'])(
  'W17 the tool "%s", which does not say that it may be called twice, is not; its client is told',
  async (tool) => {
    await using rig = await startRig({ instances: 2 });
    const id = await rig.initialize();
    const calls = new HeldCalls(rig, 'tools/call');
    const answer = rig.post(toolCall(tool), headersOf(id, { 'x-request-id': 'r-1' }));
    await calls.until(1);
    await killHome(rig, id);
    const { status, text, headers } = await answer;
    expect(status).toBe(200);
    expect(headers['x-request-id']).toBe('r-1');
    const message = expect.stringContaining(`The tool "${tool}" was running`);
    expect(JSON.parse(text)).toEqual({
      ...notRepeated,
      error: { ...notRepeated.error, message },
    });
    expect(calls.held).toHaveLength(1);
    expect((await rig.post({ id: 8, method: 'ping' }, headersOf(id))).status).toBe(200);
  },
);

test('W17 with no instance to ask whether it may be, a tool is not called again', async () => {
  await using rig = await startRig({ gateway: { failoverWaitMs: 50 } });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const answer = rig.post(toolCall('send'), headersOf(id));
  await calls.until(1);
  await killHome(rig, id);
  expect(JSON.parse((await answer).text)).toEqual(notRepeated);
});

test('W17 a call that was being answered as a stream gets its error within the stream', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const opening = openCall(rig.port, id, toolCall('send'));
  await calls.until(1);
  calls.stream(0, 'data: {"progress":1}\n\ndata: {"half');
  const answer = await opening;
  await eventually(() => expect(answer.text).toContain('half'));
  await killHome(rig, id);
  await answer.ended;
  expect(answer.ending).toBe('complete');
  const messages = eventsOf(answer.text).filter(({ type }) => type === 'message');
  expect(messages.map(({ data }) => JSON.parse(data))).toEqual([{ progress: 1 }, notRepeated]);
  expect(calls.held).toHaveLength(1);
});

test.each(['JSON', 'a stream'])(
  'W17 a call that is asked again goes on in the stream it has, though the new answer is %s',
  async (kind) => {
    await using rig = await startRig({ instances: 2 });
    const id = await rig.initialize();
    const calls = new HeldCalls(rig, 'tools/call');
    const opening = openCall(rig.port, id, toolCall('look'));
    await calls.until(1);
    calls.stream(0, 'data: {"progress":1}\n\n');
    const answer = await opening;
    await eventually(() => expect(answer.text).toContain('progress'));
    await killHome(rig, id);
    await calls.until(2);
    const result = { jsonrpc: '2.0', id: 7, result: {} };
    if (kind === 'JSON') calls.answer(1);
    else calls.stream(1, `event: message\ndata: ${JSON.stringify(result)}\n\n`).end();
    await answer.ended;
    expect(answer.ending).toBe('complete');
    expect(eventsOf(answer.text).map(({ data }) => JSON.parse(data))).toEqual([
      { progress: 1 },
      result,
    ]);
    expect(answer.text).toContain('event: message\ndata: {"jsonrpc"');
  },
);

test.each(['look', 'send'])(
  'a call of "%s" whose answer went through before the end is neither repeated nor refused',
  async (tool) => {
    await using rig = await startRig({ instances: 2 });
    const id = await rig.initialize();
    const calls = new HeldCalls(rig, 'tools/call');
    const opening = openCall(rig.port, id, toolCall(tool));
    await calls.until(1);
    const result = { jsonrpc: '2.0', id: 7, result: { done: true } };
    calls.stream(0, `data: ${JSON.stringify(result)}\n\n`);
    const answer = await opening;
    await eventually(() => expect(answer.text).toContain('done'));
    await killHome(rig, id);
    await answer.ended;
    expect(eventsOf(answer.text).map(({ data }) => JSON.parse(data))).toEqual([result]);
    expect(calls.held).toHaveLength(1);
  },
);

test("a client's answer to a question of a dead instance is taken, and goes nowhere", async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const home = rig.home(id);
  let arrived = false;
  home.answerCall = () => {
    arrived = true;
    return true;
  };
  const answer = rig.post({ id: 'roots-1', result: { roots: [] } }, headersOf(id));
  await eventually(() => expect(arrived).toBe(true));
  await killHome(rig, id);
  expect(await answer).toMatchObject({ status: 202, text: '' });
  await eventually(() => expect(rig.pool.sessions.get(id)?.home).not.toBeNull());
  expect(
    rig
      .home(id)
      .messages()
      .map(({ method }) => method),
  ).toEqual(['initialize']);
});

test('a notification that was on its way is sent again', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const method = 'notifications/roots/list_changed';
  const calls = new HeldCalls(rig, method);
  const answer = rig.post({ method }, headersOf(id));
  await calls.until(1);
  await killHome(rig, id);
  await calls.until(2);
  calls.held[1]?.response.writeHead(202).end();
  expect((await answer).status).toBe(202);
});

test('W17 a call that was never sent, because nobody took the connection, is always made again', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const first = rig.homeNumber(id);
  // The port is closed, and nobody has noticed yet.
  await rig.upstream(first).die();
  const call = rig.post(toolCall('send'), headersOf(id));
  await eventually(() => expect(rig.pool.sessions.get(id)?.inFlight).toBe(1));
  rig.service(first).enter('backing_off');
  const answer = await call;
  expect(JSON.parse(answer.text)).toMatchObject({ id: 7, result: { server: `up${3 - first}` } });
});

test('a client that leaves while its call waits leaves nothing behind', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  await rig.service().crash();
  const gaveUp = new AbortController();
  const call = fetch(`http://127.0.0.1:${rig.port}/mcp`, {
    method: 'POST',
    headers: headersOf(id),
    body: JSON.stringify({ jsonrpc: '2.0', ...toolCall('send') }),
    signal: gaveUp.signal,
  });
  const session = rig.pool.sessions.get(id);
  await eventually(() => expect(session?.inFlight).toBe(1));
  gaveUp.abort();
  await expect(call).rejects.toThrow(/abort/);
  await eventually(() => expect(session?.inFlight).toBe(0));
  await rig.service().start();
  await eventually(() => expect(session?.home).not.toBeNull());
  await rig.post({ id: 8, method: 'ping' }, headersOf(id));
  const called = rig
    .upstream()
    .messages()
    .filter(({ method }) => method === 'tools/call');
  expect(called).toEqual([]);
});
