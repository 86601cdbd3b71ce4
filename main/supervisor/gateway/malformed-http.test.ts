import { expect, test } from 'vitest';
import { startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { raw } from './http-client.test-helper.ts';

const body = '{"jsonrpc":"2.0","id":1,"method":"initialize"}';
const length = body.length;

/** Requests that two programs could understand differently, which is how one is smuggled past a guard. */
const malformed: Record<string, string> = {
  'both Content-Length and Transfer-Encoding':
    `POST $ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n` +
    `Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding before Content-Length':
    'POST $ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n' +
    `Content-Length: ${length}\r\n\r\n0\r\n\r\n`,
  'two different Content-Length':
    `POST $ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n` +
    `Content-Length: 5\r\n\r\n${body}`,
  'the same Content-Length twice':
    `POST $ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n` +
    `Content-Length: ${length}\r\n\r\n${body}`,
  'a list as Content-Length': `POST $ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5, 5\r\n\r\n${body}`,
  'a sign in Content-Length': `POST $ HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\n${body}`,
  'an unknown Transfer-Encoding':
    'POST $ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
  'a Transfer-Encoding that does not end in chunked':
    'POST $ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  'a chunk size that is no number':
    'POST $ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
  'lines that end in a bare LF': `POST $ HTTP/1.1\nHost: localhost\nContent-Length: ${length}\n\n${body}`,
  'one header that ends in a bare LF': `POST $ HTTP/1.1\r\nHost: localhost\nContent-Length: ${length}\r\n\r\n${body}`,
  'a bare CR in a header': 'GET $ HTTP/1.1\r\nHost: localhost\r\nX-A: a\rX-B: b\r\n\r\n',
  'a folded header': 'GET $ HTTP/1.1\r\nHost: localhost\r\nX-A: a\r\n b\r\n\r\n',
  'a folded first header': 'GET $ HTTP/1.1\r\n Host: localhost\r\n\r\n',
  'a folded Transfer-Encoding':
    'POST $ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n',
  'NUL in a header': 'GET $ HTTP/1.1\r\nHost: localhost\r\nX-A: a\0b\r\n\r\n',
  'NUL in the target': 'GET $\0 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a space before the colon': 'GET $ HTTP/1.1\r\nHost: localhost\r\nX-A : b\r\n\r\n',
  'no Host': 'GET $ HTTP/1.1\r\n\r\n',
  'an unknown version': 'GET $ HTTP/3.7\r\nHost: localhost\r\n\r\n',
  'no HTTP at all': '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
  'a head without end': `GET $ HTTP/1.1\r\nHost: localhost\r\nX-A: ${'x'.repeat(64 * 1024)}`,
  'headers without end': `GET $ HTTP/1.1\r\nHost: localhost\r\n${'X-A: 1\r\n'.repeat(16 * 1024)}`,
};

test.each(Object.entries(malformed))(
  '%s is refused, the connection closed, and nothing reaches an instance',
  async (_, request) => {
    await using rig = await startRig();
    for (const target of ['/mcp', '/elsewhere']) {
      using connection = await raw(rig.port, request.replace('$', target));
      await eventually(() => expect(connection.closed).toBe(true));
      expect(connection.received).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(connection.received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    }
    expect(rig.upstream().seen).toEqual([]);
  },
);

test('what follows a refused request on its connection is not answered', async () => {
  await using rig = await startRig();
  const smuggled = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n';
  using connection = await raw(
    rig.port,
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n` +
      `Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
  );
  await eventually(() => expect(connection.closed).toBe(true));
  expect(connection.received).toMatch(/^HTTP\/1\.1 400 /);
  expect(connection.received).not.toContain('200 OK');
});

test('a body stays a body, whatever the client calls a header of its connection', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().answer = (request, response, seen) => {
    request.on('data', (chunk: Buffer) => {
      seen.body = Buffer.concat([seen.body, chunk]);
    });
    request.on('end', () => response.end('taken'));
  };
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const known = `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
  const size = smuggled.length.toString(16);
  const chunked = `Transfer-Encoding: chunked\r\n\r\n${size}\r\n${smuggled}\r\n0\r\n\r\n`;
  for (const target of ['GET /elsewhere', 'DELETE /elsewhere', 'PUT /mcp']) {
    for (const framed of [known, chunked]) {
      const before = rig.upstream().seen.length;
      using connection = await raw(
        rig.port,
        `${target} HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: ${id}\r\n` +
          `Connection: Content-Length, Transfer-Encoding, Host\r\n${framed}`,
      );
      await eventually(() => expect(connection.received).toMatch(/^HTTP\/1\.1 200 .*taken/s));
      expect(rig.upstream().seen).toHaveLength(before + 1);
      expect(rig.upstream().seen.at(-1)?.body.toString()).toBe(smuggled);
    }
  }
});

test('requests that come one behind the other are answered one after the other', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const call = (number: number) => {
    const message = JSON.stringify({ jsonrpc: '2.0', id: number, method: 'ping' });
    return (
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: ${id}\r\n` +
      `Content-Length: ${message.length}\r\n\r\n${message}`
    );
  };
  using connection = await raw(rig.port, [1, 2, 3].map(call).join(''));
  await eventually(() => {
    const ids = [...connection.received.matchAll(/"id":(\d)/g)].map((match) => match[1]);
    expect(ids).toEqual(['1', '2', '3']);
  });
});
