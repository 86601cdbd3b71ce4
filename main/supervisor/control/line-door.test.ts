import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { maxLineBytes, requestSchemas } from '../../../shared/control-protocol.ts';
import { LineDoorRig } from './line-door.test-helper.ts';

let rig: LineDoorRig;

beforeEach(async () => {
  rig = await LineDoorRig.create();
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const status = { ok: true, data: [{ name: 'dashboard' }, { name: 'mcp' }] };

describe.each(['socket', 'tcp'] as const)('over %s', (kind) => {
  beforeEach(async () => {
    await rig.listen(kind);
  });

  test('a request gets its reply, and the connection lives on', async () => {
    const client = rig.connect();
    expect(await client.ask({ type: 'Status' })).toMatchObject(status);
    expect(await client.ask({ type: 'Status' })).toMatchObject(status);
  });

  test('W18 every bad line gets one reply that says what is wrong, and the next request works', async () => {
    const client = rig.connect();
    const lines = [
      ['{"type":', 'bad_json', /not valid JSON/],
      ['GET lost', 'bad_json', /not valid JSON/],
      ['[1,2]', 'bad_request', /JSON object/],
      ['"Status"', 'bad_request', /JSON object/],
      ['null', 'bad_request', /JSON object/],
      ['{}', 'bad_request', /"type"/],
      ['{"type":7}', 'bad_request', /"type"/],
      ['{"type":"Fly"}', 'unknown_type', /"Fly".*Status.*ShutdownSupervisor/],
      ['{"type":"__proto__"}', 'unknown_type', /__proto__/],
      ['{"type":"Start"}', 'bad_request', /Start: field "service"/],
      ['{"type":"StateEvents","service":"mcp","limit":0}', 'bad_request', /field "limit"/],
    ] as const;
    for (const [index, [line, code, error]] of lines.entries()) {
      client.send(`${line}\n`);
      const reply = (await client.take(index + 1)).at(-1);
      const expected = { ok: false, code, data: null, error: expect.stringMatching(error) };
      expect(reply, line).toEqual(expected);
    }
    expect(await client.ask({ type: 'Status' })).toMatchObject(status);
  });

  test('an unknown type is answered with all the known ones', async () => {
    const reply = await rig.connect().ask({ type: 'Fly' });
    const error = reply.ok ? '' : reply.error;
    for (const type of Object.keys(requestSchemas)) expect(error).toContain(type);
  });

  test('a line that is not UTF-8 gets a reply, and the next one is read rightly', async () => {
    const client = rig.connect();
    client.send(Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]), { type: 'WhoAmI', client: 'Zoë 🚀' });
    const [bad, good] = await client.take(2);
    expect(bad).toMatchObject({
      ok: false,
      code: 'bad_json',
      error: expect.stringContaining('UTF-8'),
    });
    expect(good).toMatchObject({ ok: true, data: { client: 'Zoë 🚀' } });
  });

  test('a line over one mebibyte gets a reply, and the connection survives', async () => {
    const client = rig.connect();
    client.send('x'.repeat(3 * maxLineBytes), '\n', { type: 'Status' });
    const [tooLarge, good] = await client.take(2);
    expect(tooLarge).toMatchObject({ ok: false, code: 'too_large' });
    expect(good).toMatchObject(status);
  });

  test('the longest allowed line is accepted, one byte more is not', async () => {
    const client = rig.connect();
    const lineOf = (bytes: number) => {
      const [head, tail] = ['{"type":"EmitTestEvent","message":"', '"}'];
      return `${head}${'m'.repeat(bytes - head.length - tail.length)}${tail}\n`;
    };
    client.send(lineOf(maxLineBytes), lineOf(maxLineBytes + 1));
    expect(await client.take(2)).toMatchObject([{ ok: true }, { ok: false, code: 'too_large' }]);
  });

  test('blank lines are ignored, and Windows line ends are fine', async () => {
    const client = rig.connect();
    client.send('\n\r\n   \n{"type":"Status","id":1}\r\n\r\n{"type":"Status","id":2}\r\n');
    expect(await client.take(2)).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  test('a byte order mark before the first line is ignored', async () => {
    const client = rig.connect();
    client.send('\ufeff{"type":"Status"}\n');
    expect(await client.take(1)).toMatchObject([status]);
  });

  test('a line may come in pieces, cut inside a character too', async () => {
    const client = rig.connect();
    client.socket.setNoDelay(true);
    for (const byte of Buffer.from('{"type":"WhoAmI","client":"é🚀"}\n')) {
      client.send(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    expect(await client.take(1)).toMatchObject([{ data: { client: 'é🚀' } }]);
  });

  test('many lines in one piece get as many replies, in order', async () => {
    const client = rig.connect();
    const names = Array.from({ length: 3_000 }, (_, index) => `client ${index}`);
    client.send(names.map((name) => `{"type":"WhoAmI","client":"${name}"}\n`).join(''));
    const replies = await client.take(names.length);
    expect(replies.map((reply) => reply.ok && (reply.data as { client: string }).client)).toEqual(
      names,
    );
  });

  test('an id is echoed, whatever text or number it is, in refusals too', async () => {
    const client = rig.connect();
    for (const id of [0, 1, -3, 2.5, '', 'a "b"', 'é']) {
      expect(await client.ask({ type: 'Status', id })).toMatchObject({ ok: true, id });
      expect(await client.ask({ type: 'Fly', id })).toMatchObject({ code: 'unknown_type', id });
      expect(await client.ask({ type: 'Start', id })).toMatchObject({ code: 'bad_request', id });
      expect(await client.ask({ type: 'Stop', service: 'x', id })).toMatchObject({
        code: 'unknown_service',
        id,
      });
    }
    expect(await client.ask({ type: 'Status' })).not.toHaveProperty('id');
    expect(await client.ask({ type: 'Status', id: null })).not.toHaveProperty('id');
  });

  test('without ids, replies come in the order of their requests, even when the first is slow', async () => {
    const slow = Promise.withResolvers<boolean>();
    rig.target.close = () => slow.promise;
    const client = rig.connect();
    client.send({ type: 'CloseMcpConnection', session_id: 'slow' });
    // The word "id" somewhere inside is no id of the request.
    client.send({ type: 'Status', meta: { id: 1 } }, '{"id":5,\n', { type: 'Fly' });
    expect(await rig.connect().ask({ type: 'Status' })).toMatchObject(status);
    expect(client.text).toBe('');
    slow.resolve(true);
    expect(await client.take(4)).toMatchObject([
      { data: { closed: true, session_id: 'slow' } },
      status,
      { code: 'bad_json' },
      { code: 'unknown_type' },
    ]);
  });

  test('with ids, a quick reply overtakes a slow one', async () => {
    const slow = Promise.withResolvers<boolean>();
    rig.target.close = () => slow.promise;
    const client = rig.connect();
    client.send({ type: 'CloseMcpConnection', session_id: 'slow', id: 'slow' });
    expect(await client.ask({ type: 'Status', id: 'quick' })).toMatchObject({ id: 'quick' });
    slow.resolve(false);
    expect((await client.take(2))[1]).toMatchObject({ code: 'session_not_found', id: 'slow' });
  });

  test('what goes wrong inside becomes a reply, not silence', async () => {
    rig.target.close = () => Promise.reject(new Error('the pool fell over'));
    const reply = await rig.connect().ask({ type: 'CloseMcpConnection', session_id: 's' });
    expect(reply).toEqual({ ok: false, code: 'internal', error: 'the pool fell over', data: null });
  });
});
