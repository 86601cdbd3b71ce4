/** A web page can make a browser connect to any local port. Nothing that it sends there is obeyed. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { maxLineBytes } from '../../../shared/control-protocol.ts';
import type { LineClient } from './control.test-helper.ts';
import { LineDoorRig } from './line-door.test-helper.ts';

let rig: LineDoorRig;
let port: string | number;

beforeEach(async () => {
  rig = await LineDoorRig.create();
  port = await rig.listen('tcp');
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

const order = '{"type":"ShutdownSupervisor"}\n';
const headers = 'Host: 127.0.0.1\r\nContent-Type: text/plain\r\n\r\n';

/** The connection was closed without a word, and nothing was done. */
async function expectIgnored(client: LineClient): Promise<void> {
  await client.closed();
  expect(client.text).toBe('');
  expect(await rig.connect().ask({ type: 'Status' })).toMatchObject({ ok: true });
  expect(rig.target.asked).toEqual([]);
}

test.each(['GET', 'POST', 'OPTIONS', 'PUT'])(
  'a %s request closes the connection unanswered, and its body is not obeyed',
  async (method) => {
    const client = rig.connect();
    client.send(`${method} /control HTTP/1.1\r\n${headers}${order}${order}`);
    await expectIgnored(client);
  },
);

test('nor when it comes byte by byte', async () => {
  const client = rig.connect();
  client.socket.setNoDelay(true);
  for (const byte of Buffer.from(`POST / HTTP/1.1\r\n${headers}${order}`)) {
    client.send(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  await expectIgnored(client);
});

test('nor when the request line comes without its end', async () => {
  const client = rig.connect();
  client.socket.end('POST / HTTP/1.1');
  await expectIgnored(client);
});

test('nor when the address is longer than the longest line', async () => {
  const client = rig.connect();
  client.send(`POST /${'a'.repeat(maxLineBytes)} HTTP/1.1\r\n${headers}${order}`);
  await expectIgnored(client);
});

test('nor when the address is not UTF-8', async () => {
  const client = rig.connect();
  client.send('POST /', Buffer.of(0xff), ` HTTP/1.1\r\n${headers}${order}`);
  await expectIgnored(client);
});

test('nor when it comes inside a TLS handshake, of which a server can choose a part', async () => {
  const client = rig.connect();
  client.send(Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x0a), order);
  await expectIgnored(client);
});

test('a real HTTP client gets an error, no answer', async () => {
  await expect(
    fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: order }),
  ).rejects.toThrow();
  expect(rig.target.asked).toEqual([]);
});

test('later in a connection, such a line is a bad line like any other', async () => {
  const client = rig.connect();
  await client.ask({ type: 'Status' });
  client.send('GET / HTTP/1.1\n');
  expect((await client.take(2))[1]).toMatchObject({ code: 'bad_json' });
});
