/** TCP and its token: with `[auth] control_tcp_token` for everything, else for the configuration file alone. */
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
  door = makeDoor('for everything');
  client = new LineClient(await door.listenTcp(0));
});

function makeDoor(needed: 'for everything' | 'for the file'): LineDoor {
  const dispatch = createDispatcher(createCommands(target));
  return new LineDoor(dispatch, silent, tokenCheck(token).admission(needed));
}

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

test('W36 without the setting everything is open but the configuration file, which holds tokens and names programs', async () => {
  await using open = await openFor('for the file');
  const { visitor } = open;
  expect(await visitor.ask({ type: 'Status' })).toMatchObject({ ok: true });
  const guarded = [
    { type: 'GetConfig' },
    { type: 'SaveConfig', text: '', base_hash: '' },
    { type: 'ConfigVersion', id: '1' },
  ];
  for (const request of guarded) {
    expect(await visitor.ask(request)).toMatchObject({ ok: false, code: 'unauthorized' });
  }
  expect(await visitor.ask({ type: 'Authenticate', token: 'wrong' })).toMatchObject({ ok: false });
  expect(await visitor.ask({ type: 'Authenticate', token })).toMatchObject({ ok: true });
  expect(await visitor.ask({ type: 'GetConfig' })).not.toMatchObject({ code: 'unauthorized' });
});

async function openFor(needed: 'for everything' | 'for the file') {
  const other = makeDoor(needed);
  const visitor = new LineClient(await other.listenTcp(0));
  return {
    visitor,
    [Symbol.asyncDispose]: async () => {
      visitor.socket.destroy();
      await other.close();
    },
  };
}
