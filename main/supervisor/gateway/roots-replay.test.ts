/** What a client has said of its roots is not asked again because an instance has died. */
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
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
import { type OpenAnswer, open } from './http-client.test-helper.ts';

const event = (message: object, end = '\n\n') =>
  `event: message${end.slice(0, end.length / 2)}id: 9${end.slice(0, end.length / 2)}data: ${JSON.stringify(message)}${end}`;
const ask = (id: number | string) => ({ jsonrpc: '2.0', id, method: 'roots/list' });
const note = (number: number) => ({ jsonrpc: '2.0', method: `note ${number}` });
const roots = [{ uri: 'file:///home/dev/a', name: 'Ä' }];

const messagesIn = ({ text }: OpenAnswer) => messagesOf(text);

/** The answers that reached the instance where the session is at home. */
const answersAt = (rig: Rig, id: string) =>
  rig
    .home(id)
    .messages()
    .filter(({ method }) => method === undefined);

/** A session whose client was asked for its roots, and answered. */
async function asked(rig: Rig, id: string, stream: OpenAnswer): Promise<void> {
  const before = messagesIn(stream).length;
  (await sourceOf(rig, id)).write(event(ask(1)));
  await eventually(() => expect(messagesIn(stream)).toHaveLength(before + 1));
  await rig.post({ id: 1, result: { roots } }, headersOf(id));
}

async function moved(rig: Rig, id: string): Promise<void> {
  const moves = rig.pool.sessions.get(id)?.moves ?? 0;
  await killHome(rig, id);
  await eventually(() => expect(rig.pool.sessions.get(id)?.moves).toBe(moves + 1));
}

test.each([
  ['LF', '\n\n'],
  ['CRLF', '\r\n\r\n'],
])(
  'the new instance is told the roots that the old one was, in a stream with %s',
  async (_, end) => {
    await using rig = await startRig({ instances: 2 });
    const id = await rig.initialize();
    using stream = await openStream(rig, id);
    await asked(rig, id, stream);
    await moved(rig, id);
    const source = await sourceOf(rig, id);
    // In pieces, as networks like to cut, and between other messages.
    const text = Buffer.from(event(note(1), end) + event(ask('r-0'), end) + event(note(2), end));
    for (let at = 0; at < text.length; at += 7) source.write(text.subarray(at, at + 7));
    await eventually(() => expect(answersAt(rig, id)).toHaveLength(1));
    expect(answersAt(rig, id)).toEqual([{ jsonrpc: '2.0', id: 'r-0', result: { roots } }]);
    await eventually(() => expect(messagesIn(stream)).toHaveLength(3));
    expect(messagesIn(stream)).toEqual([ask(1), note(1), note(2)]);
    // Once: an instance that asks again wants to know what is so now.
    source.write(event(ask('r-1')));
    await eventually(() => expect(messagesIn(stream)).toHaveLength(4));
    expect(messagesIn(stream).at(-1)).toEqual(ask('r-1'));
  },
);

test('a question within the stream of a call is answered likewise, and every further home is told', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  await asked(rig, id, stream);
  for (const number of [1, 2]) {
    const home = rig.homeNumber(id);
    await moved(rig, id);
    await rig.service(home).start();
    const calls = new HeldCalls(rig, 'tools/call');
    const body = JSON.stringify({ jsonrpc: '2.0', ...toolCall('look') });
    const opening = open(rig.port, { method: 'POST', headers: headersOf(id), body });
    await calls.until(1);
    const source = calls.stream(0, event(ask(`of call ${number}`)) + event(note(number)));
    const answer = await opening;
    await eventually(() => expect(messagesIn(answer)).toEqual([note(number)]));
    await eventually(() =>
      expect(answersAt(rig, id).at(-1)).toMatchObject({ id: `of call ${number}` }),
    );
    source.end();
    await answer.ended;
  }
});

test('what an instance that asks nothing leaves at the end of its stream goes through', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  await asked(rig, id, stream);
  await moved(rig, id);
  const calls = new HeldCalls(rig, 'tools/call');
  const body = JSON.stringify({ jsonrpc: '2.0', ...toolCall('look') });
  const opening = open(rig.port, { method: 'POST', headers: headersOf(id), body });
  await calls.until(1);
  // Without the empty line at its end, as some servers do.
  calls.stream(0, event(note(1))).end('data: {"jsonrpc":"2.0","id":7,"result":{}}\n');
  const answer = await opening;
  await answer.ended;
  expect(messagesIn(answer)).toEqual([note(1), { jsonrpc: '2.0', id: 7, result: {} }]);
});

test('a client that said that its roots have changed is asked', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  await asked(rig, id, stream);
  await rig.post({ method: 'notifications/roots/list_changed' }, headersOf(id));
  await moved(rig, id);
  (await sourceOf(rig, id)).write(event(ask('r-0')));
  await eventually(() => expect(messagesIn(stream)).toEqual([ask(1), ask('r-0')]));
  expect(answersAt(rig, id)).toEqual([]);
});

test('an answer about roots that have changed since the question is not kept', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  (await sourceOf(rig, id)).write(event(ask(1)));
  await eventually(() => expect(messagesIn(stream)).toHaveLength(1));
  await rig.post({ method: 'notifications/roots/list_changed' }, headersOf(id));
  await rig.post({ id: 1, result: { roots } }, headersOf(id));
  await moved(rig, id);
  (await sourceOf(rig, id)).write(event(ask('r-0')));
  await eventually(() => expect(messagesIn(stream)).toHaveLength(2));
});

test('a question that is answered from memory is not cancelled when its instance dies, too', async () => {
  await using rig = await startRig({ instances: 3 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  await asked(rig, id, stream);
  await moved(rig, id);
  (await sourceOf(rig, id)).write(event(note(2)) + event(ask('r-0')));
  await eventually(() => expect(answersAt(rig, id)).toHaveLength(1));
  await moved(rig, id);
  (await sourceOf(rig, id)).write(event(note(3)));
  await eventually(() => expect(messagesIn(stream)).toHaveLength(3));
  expect(messagesIn(stream)).toEqual([ask(1), note(2), note(3)]);
});

test('large events and those that break off go on as they come', async () => {
  await using rig = await startRig({ instances: 2 });
  const id = await rig.initialize();
  using stream = await openStream(rig, id);
  await asked(rig, id, stream);
  await moved(rig, id);
  const source = await sourceOf(rig, id);
  const large = { ...note(1), params: { text: 'x'.repeat(600_000) } };
  const text = event(large);
  source.write(text.slice(0, 400_000));
  await eventually(() => expect(stream.text.length).toBeGreaterThan(400_000));
  source.write(text.slice(400_000) + event(ask('r-0')) + event(note(2)));
  await eventually(() => expect(messagesIn(stream)).toHaveLength(3));
  expect(messagesIn(stream)).toEqual([ask(1), large, note(2)]);
  await eventually(() => expect(answersAt(rig, id)).toHaveLength(1));
});
