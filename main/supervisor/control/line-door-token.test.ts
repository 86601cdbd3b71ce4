/** TCP with `[auth] control_tcp_token`: nobody gets an answer before the token. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCommands } from './commands.ts';
import { FakeTarget, LineClient, silent, tokenCheck } from './control.test-helper.ts';
import { createDispatcher } from './dispatcher.ts';
import { LineDoor } from './line-door.ts';

const token = 'the-right-token-of-this-test';

let target: FakeTarget;
let door: LineDoor;
let client: LineClient;

beforeEach(async () => {
  target = new FakeTarget();
  door = new LineDoor(createDispatcher(createCommands(target)), silent, tokenCheck(token));
  client = new LineClient(await door.listenTcp(0));
});

afterEach(async () => {
  client.socket.destroy();
  await door.close();
});

test('after the token everything is as on the socket', async () => {
  expect(await client.ask({ type: 'Authenticate', token, id: 1 })).toEqual({
    ok: true,
    data: { authenticated: true },
    id: 1,
  });
  expect(await client.ask({ type: 'Status' })).toMatchObject({ ok: true });
});

test('before it, every request is refused with its id, and none is done', async () => {
  for (const request of [
    { type: 'ShutdownSupervisor', id: 7 },
    { type: 'Stop', service: 'mcp', id: 7 },
  ]) {
    expect(await client.ask(request)).toMatchObject({
      code: 'unauthorized',
      id: 7,
      error: expect.stringContaining('Authenticate'),
    });
  }
  for (const text of ['null\n', '[]\n', '"x"\n', '{}\n', '{"type":"Authenticate","token":7}\n'])
    client.send(text);
  const refused = (await client.take(7)).slice(2);
  expect(refused.map((reply) => !reply.ok && reply.code)).toEqual(Array(5).fill('unauthorized'));
  expect(target.asked).toEqual([]);
});

test('requests that come in one piece with the token are let in, those before it are not', async () => {
  client.send(
    { type: 'Status', id: 1 },
    { type: 'Authenticate', token, id: 2 },
    { type: 'Status', id: 3 },
  );
  const replies = await client.take(3);
  expect(new Map(replies.map(({ id, ok }) => [id, ok]))).toEqual(
    new Map([
      [1, false],
      [2, true],
      [3, true],
    ]),
  );
});

test('who guesses is told to stop, and the right token still opens the door', async () => {
  const codes: unknown[] = [];
  for (let guess = 0; guess < 12; guess += 1) {
    const reply = await client.ask({ type: 'Authenticate', token: `guess ${guess}` });
    codes.push(!reply.ok && reply.code);
  }
  expect(codes).toEqual([...Array(10).fill('unauthorized'), 'too_many_tries', 'too_many_tries']);
  expect(await client.ask({ type: 'Authenticate', token })).toMatchObject({ ok: true });
});
