/** Calls and questions on an instance that is being emptied: for an upgrade, or because it is not needed. */
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import {
  HeldCalls,
  headersOf,
  messagesOf,
  notRepeated,
  openStream,
  toolCall,
} from './failover.test-helper.ts';
import { open, send } from './http-client.test-helper.ts';

const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const question = { jsonrpc: '2.0', id: 'q-1', method: 'elicitation/create', params: {} };
const cancelled = {
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId: 'q-1', reason: 'The MCP server that asked has ended.' },
};

function postCall(id: string, tool: string) {
  const body = JSON.stringify({ jsonrpc: '2.0', ...toolCall(tool) });
  return { method: 'POST', headers: headersOf(id), body };
}

function told(rig: Rig): readonly string[] {
  return rig.pool.history.map(({ reason }) => reason);
}

test('a call that outlasts its time is refused in words, its question is cancelled, and the history says so', async () => {
  await using rig = await startRig({ drainTimeoutMs: 50, maxInstances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const opening = open(rig.port, postCall(id, 'send'));
  await calls.until(1);
  calls.stream(0, event(question));
  const answer = await opening;
  await eventually(() => expect(messagesOf(answer.text)).toHaveLength(1));
  await rig.pool.upgrade();
  await answer.ended;
  expect(answer.ending).toBe('complete');
  expect(messagesOf(answer.text)).toEqual([question, cancelled, notRepeated]);
  expect(told(rig)).toContain(
    'mcp:1 is stopped with 1 call or task under way (drain_timeout_s = 0.05)',
  );
  await eventually(() => expect(rig.homeNumber(id)).toBe(2));
  expect((await rig.post({ id: 8, method: 'ping' }, headersOf(id))).status).toBe(200);
});

test('a call that may be repeated and outlasts its time is answered by the new instance', async () => {
  await using rig = await startRig({ drainTimeoutMs: 50, maxInstances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const answer = send(rig.port, postCall(id, 'look'));
  await calls.until(1);
  await rig.pool.upgrade();
  expect(JSON.parse((await answer).text)).toEqual({
    jsonrpc: '2.0',
    id: 7,
    result: { server: 'up2' },
  });
});

test('a call that ends in time is answered by its own instance, and nothing is said of a deadline', async () => {
  await using rig = await startRig({ maxInstances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const answer = send(rig.port, postCall(id, 'send'));
  await calls.until(1);
  const upgraded = rig.pool.upgrade();
  await eventually(() => expect(rig.pool.instances[0]?.draining).toBe(true));
  calls.answer(0, { content: [] });
  expect(JSON.parse((await answer).text)).toMatchObject({ result: { content: [] } });
  await upgraded;
  expect(told(rig).join()).not.toContain('under way');
});

test('a question outside of any call is cancelled when its session leaves the instance', async () => {
  await using rig = await startRig({ maxInstances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  const source = await eventually(() => {
    const found = rig.home(id).streams.get(rig.upstreamId(id));
    if (found === undefined) throw new Error('the stream is not there yet');
    return found;
  });
  source.write(event(question));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(1));
  await rig.pool.upgrade();
  await eventually(() => expect(messagesOf(stream.text)).toEqual([question, cancelled]));
  const late = await rig.post({ id: 'q-1', result: { action: 'accept' } }, headersOf(id));
  expect(late).toMatchObject({ status: 202, text: '' });
  expect(
    rig
      .home(id)
      .messages()
      .some(({ id: of }) => of === 'q-1'),
  ).toBe(false);
  expect(stream.ending).toBeNull();
});
