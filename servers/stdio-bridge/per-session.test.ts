import { expect, test, vi } from 'vitest';
import { until } from '../../test/until.ts';
import {
  allOf,
  commonBridge,
  first,
  initialize,
  messagesOf,
  openSession,
  post,
  startBridge,
  textOf,
} from './bridge.test-helper.ts';

vi.setConfig({ testTimeout: 60_000 });

const common = commonBridge();

test('each session has a server process of its own, from initialize to DELETE', async () => {
  await using bridge = await startBridge();
  const one = await openSession(bridge);
  const two = await openSession(bridge);
  expect(one.id).not.toBe(two.id);
  const pids = [await one.say('pid'), await two.say('pid')].map(Number);
  expect(pids[0]).not.toBe(pids[1]);
  expect((await bridge.health()).sessions.processes).toEqual(pids);

  expect((await one.end()).status).toBe(200);
  const after = await one.post({ jsonrpc: '2.0', id: 7, method: 'ping' });
  expect(after.status).toBe(404);
  expect(await after.json()).toMatchObject({ error: { code: -32_001 } });
  await until(async () => (await bridge.health()).sessions.processes.length === 1, {
    what: 'the process of the ended session to go',
  });
  expect(await two.say('echo', { token: 'still here' })).toBe('still here');
});

test('a request reaches the server with every digit and key as the client wrote it', async () => {
  const session = await common.open();
  const body = `{ "jsonrpc": "2.0",\r\n "id": 12345678901234567890, "method": "tools/call",
    "params": {"arguments": {"n": 1.0, "id": "mine", "big": 98765432109876543210, "é": "\\u0000"}, "name": "raw"} }`;
  const answer = await (await session.post(body)).text();
  expect(answer).toMatch(/"id":12345678901234567890,/);
  const received = textOf(JSON.parse(answer));
  expect(received.replace(/"id": \d+,/, '"id": 12345678901234567890,')).toBe(
    body.replace(/[\r\n]+/g, ' '),
  );
});

test('one answer alone is JSON, progress before it makes it a stream, under the token of the client', async () => {
  const session = await common.open();
  const call = (name: string, args: object) => ({
    jsonrpc: '2.0',
    id: 'a',
    method: 'tools/call',
    params: { name, arguments: args, _meta: { progressToken: 'mine' } },
  });
  const plain = await session.post(call('echo', { token: 'x' }));
  expect(plain.headers.get('content-type')).toBe('application/json');
  expect(await allOf(plain)).toMatchObject([{ id: 'a' }]);
  const streamed = await session.post(call('progress', { steps: 3, token: 'x' }));
  expect(streamed.headers.get('content-type')).toBe('text/event-stream');
  expect(streamed.headers.get('x-accel-buffering')).toBe('no');
  const messages = await allOf(streamed);
  expect(messages.map(({ params, id }) => id ?? (params as { progress: number }).progress)).toEqual(
    [1, 2, 3, 'a'],
  );
  expect(messages[0]).toMatchObject({ params: { progressToken: 'mine' } });
});

test('an answer that takes its time sends its head before', async () => {
  const session = await common.open();
  const held = await session.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'hold', arguments: { key: 'k' } },
  });
  expect(held.headers.get('content-type')).toBe('text/event-stream');
  await session.call('release', { key: 'k' }, 2);
  expect(await allOf(held)).toMatchObject([{ id: 1 }]);
});

test('what the server asks comes on the stream of the one request under way, and its answer gets back', async () => {
  const session = await common.open();
  const response = await session.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'ask', arguments: { token: 'q' } },
  });
  const messages = messagesOf(response);
  const question = (await messages.next()).value;
  expect(question).toMatchObject({ method: 'sampling/createMessage', params: { token: 'q' } });
  const reply = { jsonrpc: '2.0', id: question?.['id'], result: { said: 'a' } };
  expect((await session.post(reply)).status).toBe(202);
  expect(textOf((await messages.next()).value)).toBe('{"said":"a"}');
});

test('with two requests under way a question comes on the GET stream, once', async () => {
  const session = await common.open();
  const held = session.call('hold', { key: 'k' }, 1);
  const asking = session.call('ask', { token: 'q' }, 2);
  const [question] = await first(await session.stream(), 1);
  expect(question).toMatchObject({ method: 'sampling/createMessage' });
  await session.post({ jsonrpc: '2.0', id: question?.['id'], error: { code: -1, message: 'no' } });
  expect(textOf((await asking).at(-1))).toContain('"no"');
  await session.call('release', { key: 'k' }, 3);
  expect(await held).toHaveLength(1);
});

test('what is said without a stream waits for it; a second stream is refused', async () => {
  const session = await common.open();
  await session.call('log', { token: 'early' });
  await session.call('change');
  const stream = await session.stream();
  expect((await session.stream()).status).toBe(409);
  expect(await first(stream, 2)).toMatchObject([
    { params: { data: 'early' } },
    { method: 'notifications/tools/list_changed' },
  ]);
});

test('without a stream only so much waits: the oldest goes, is counted, and the server can go on', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  const droppedSince = async (before: number) => (await bridge.health()).sessions.dropped - before;
  const before = await droppedSince(0);
  await session.call('flood', { messages: 1_200, bytes: 10 });
  expect(await droppedSince(before)).toBe(200);
  await session.call('flood', { messages: 8, bytes: 1024 * 1024 });
  expect(await droppedSince(before)).toBeGreaterThan(1_200);
  expect(await session.say('echo', { token: 'x' })).toBe('x');
});

test('a question that no stream ever took is answered, so that the server does not wait for ever', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  const held = session.call('hold', { key: 'k' }, 1);
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  // With two calls under way the question is for the GET stream.
  const asking = session.call('ask', { token: 'q' }, 2);
  await until(async () => (await bridge.health()).sessions.calls === 2, { what: 'the question' });
  await session.call('flood', { messages: 1_100, bytes: 10 }, 3);
  expect(textOf((await asking).at(-1))).toContain('will not answer');
  await session.call('release', { key: 'k' }, 4);
  await held;
});

test('a server that crashes fails its calls with its code and last words, and the session is 404', async () => {
  const bridge = common.bridge();
  const other = await common.open();
  const session = await common.open();
  const held = session.call('hold', { key: 'k' }, 1);
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  const [crashed] = await session.call('crash', { code: 3, token: 'out of luck' }, 2);
  expect(crashed).toMatchObject({ id: 2, error: { data: { retryable: false } } });
  expect(JSON.stringify(crashed)).toMatch(
    /tools\/call: it ended with code 3\. .*fatal: out of luck/,
  );
  expect(JSON.stringify(await held)).toMatch(/out of luck/);
  expect((await session.post({ jsonrpc: '2.0', id: 3, method: 'ping' })).status).toBe(404);
  expect(await other.say('echo', { token: 'x' })).toBe('x');
});

test('a cancelled call ends without an answer, and the server hears of it under its own id', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  const held = session.call('hold', { key: 'k' }, 'mine');
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  const params = { requestId: 'mine' };
  await session.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
  expect(await held).toEqual([]);
  const { cancelled } = JSON.parse(await session.say('counts'));
  expect(cancelled).toEqual([expect.any(Number)]);
});

test('a client that leaves has not cancelled: the call runs on', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  const leaving = new AbortController();
  const held = session
    .post(
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'hold', arguments: { key: 1 } },
      },
      leaving.signal,
    )
    .catch(() => 'left');
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  leaving.abort();
  expect(await held).toBe('left');
  expect(JSON.parse(await session.say('counts')).cancelled).toEqual([]);
  expect((await bridge.health()).sessions.calls).toBe(1);
});

test('a server is asked to end by the end of its input, before any signal', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  await session.end();
  const line = `[${session.id.slice(0, 8)}] input ended`;
  await until(() => bridge.lines.includes(line), { what: 'its last words' });
});

test('junk on stdout is said, a few times, and never passed on', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  expect(await session.call('junk', { lines: 500 })).toHaveLength(1);
  // Its log is another pipe than its answers: what is said last in there came after all the rest.
  await session.call('stderr', { token: 'end of junk' });
  const label = `[${session.id.slice(0, 8)}]`;
  await until(() => bridge.lines.includes(`${label} end of junk`), { what: 'the end of the log' });
  const junk = bridge.lines.filter((line) => line.includes('starting up'));
  expect(junk).toHaveLength(5);
  expect(junk.every((line) => line.startsWith(label))).toBe(true);
});

test('what the server says on stderr is passed on with the session that it belongs to', async () => {
  const bridge = common.bridge();
  const session = await common.open();
  await session.call('stderr', { token: 'hello log' });
  await until(() => bridge.lines.includes(`[${session.id.slice(0, 8)}] hello log`), { what: 'it' });
});

test('a message of more than 16 MiB ends the server that sent it, and says so', async () => {
  const session = await common.open();
  const large = await session.say('huge', { bytes: 15 * 1024 * 1024 });
  expect(large).toHaveLength(15 * 1024 * 1024);
  const [answer] = await session.call('huge', { bytes: 16 * 1024 * 1024 });
  expect(JSON.stringify(answer)).toContain('more than 16777216 bytes');
});

test('a server that refuses to be initialized opens no session', async () => {
  await using bridge = await startBridge({ environment: { FIXTURE_REFUSES: '1' } });
  const response = await post(bridge, initialize());
  expect(response.headers.get('mcp-session-id')).toBeNull();
  expect(await response.json()).toMatchObject({ id: 0, error: { message: 'not in the mood' } });
  await until(async () => (await bridge.health()).sessions.processes.length === 0, {
    what: 'its process to go',
  });
});

test('a batch of the version that had them is answered message by message', async () => {
  const session = await common.open();
  const response = await session.post([
    { jsonrpc: '2.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', id: 2, method: 'ping' },
  ]);
  expect((await allOf(response)).map(({ id }) => id)).toEqual([1, 2]);
});

test('an idle session is ended with its process, one with an open stream is not', async () => {
  await using bridge = await startBridge({ options: ['--idle-child-minutes', '0.01'] });
  const streaming = await openSession(bridge);
  const stream = await streaming.stream();
  const idle = await openSession(bridge);
  await until(async () => (await bridge.health()).activeSessions === 1, { what: 'the end of one' });
  expect((await idle.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status).toBe(404);
  expect(await streaming.say('echo', { token: 'x' })).toBe('x');
  await stream.body?.cancel();
  await until(async () => (await bridge.health()).sessions.processes.length === 0, {
    what: 'the end of the other',
  });
});
