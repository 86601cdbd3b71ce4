/** What servers ask their clients (sampling, elicitation, roots), and instances that die before the answer. */
import { expect, test } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import {
  HeldCalls,
  headersOf,
  killHome,
  messagesOf,
  openStream,
  sourceOf,
  toolCall,
} from './failover.test-helper.ts';
import { open } from './http-client.test-helper.ts';

const question = (id: number | string, method = 'elicitation/create') => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { message: 'Sure?' },
});

const cancelled = (requestId: number | string) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId, reason: 'The MCP server that asked has ended.' },
});

const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;

test('a question of an instance that dies is cancelled in the stream that carried it', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  const text = event(question('q-1')) + event(question('q-2'));
  const source = await sourceOf(rig, id);
  // In pieces, as networks like to cut; and one is answered in time.
  for (const part of [text.slice(0, 40), text.slice(40, 90), text.slice(90)]) source.write(part);
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(2));
  await rig.post({ id: 'q-2', result: { action: 'accept' } }, headersOf(id));
  await killHome(rig, id);
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(3));
  (await sourceOf(rig, id)).write(event({ jsonrpc: '2.0', method: 'x' }));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(4));
  expect(messagesOf(stream.text)[2]).toEqual(cancelled('q-1'));
});

test('an answer that comes too late is taken, and reaches no instance', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  (await sourceOf(rig, id)).write(event(question(0)) + event(question('late')));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(2));
  await killHome(rig, id);
  await eventually(() => expect(rig.pool.sessions.get(id)?.moves).toBe(1));
  const late = await rig.post({ id: 'late', result: { action: 'accept' } }, headersOf(id));
  expect(late).toMatchObject({ status: 202, text: '' });
  const answers = () =>
    rig
      .home(id)
      .messages()
      .filter(({ method }) => method === undefined);
  expect(answers()).toEqual([]);
  // The new instance counts from 0, too: what it asks is answered.
  (await sourceOf(rig, id)).write(event(question(0)));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(5));
  await rig.post({ id: 0, result: { action: 'decline' } }, headersOf(id));
  expect(answers()).toMatchObject([{ id: 0, result: { action: 'decline' } }]);
});

test('a question within the stream of a call is cancelled there before the call goes on', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  const calls = new HeldCalls(rig, 'tools/call');
  const body = JSON.stringify({ jsonrpc: '2.0', ...toolCall('look') });
  const opening = open(rig.port, { method: 'POST', headers: headersOf(id), body });
  await calls.until(1);
  calls.stream(0, event(question(5, 'sampling/createMessage')));
  const answer = await opening;
  await eventually(() => expect(answer.text).toContain('sampling'));
  await killHome(rig, id);
  await calls.until(2);
  calls.answer(1);
  await answer.ended;
  expect(messagesOf(answer.text).slice(1)).toEqual([
    cancelled(5),
    { jsonrpc: '2.0', id: 7, result: {} },
  ]);
});

test('notifications, answers and large events are no questions', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  const source = await sourceOf(rig, id);
  const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { id: 1 } };
  source.write(event(progress));
  source.write(event({ jsonrpc: '2.0', id: 2, result: { method: 'x' } }));
  source.write(event({ ...question(3), params: { message: 'x'.repeat(600_000) } }));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(3));
  await killHome(rig, id);
  (await sourceOf(rig, id)).write(event({ jsonrpc: '2.0', method: 'of the new one' }));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(4));
  expect(stream.text).not.toContain('notifications/cancelled');
});

test('the roots that a client told its server are shown, and the first is its workspace', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  (await sourceOf(rig, id)).write(event(question(1, 'roots/list')));
  await eventually(() => expect(messagesOf(stream.text)).toHaveLength(1));
  const roots = [{ uri: 'file:///home/dev/a', name: 'a' }, { uri: 'file:///home/dev/b' }];
  await rig.post({ id: 1, result: { roots } }, headersOf(id));
  expect(rig.pool.sessions.get(id)?.status()).toMatchObject({
    roots: ['file:///home/dev/a', 'file:///home/dev/b'],
    workspace: 'file:///home/dev/a',
  });
});
