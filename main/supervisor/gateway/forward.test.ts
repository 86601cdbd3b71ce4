import { expect, test } from 'vitest';
import { initializeMessage, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { raw, send } from './http-client.test-helper.ts';

const cap = 16 * 1024 * 1024;

/** A message of exactly so many bytes. */
function messageOf(bytes: number, method = 'tools/call'): string {
  const empty = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { text: '' } });
  return empty.replace('""', `"${'x'.repeat(bytes - empty.length)}"`);
}

const tooLarge = {
  jsonrpc: '2.0',
  id: null,
  error: {
    code: -32000,
    message: expect.stringContaining('16777216 bytes'),
    data: { code: 'too_large' },
  },
};

test('the query string reaches the instance', async () => {
  await using rig = await startRig();
  const body = JSON.stringify({ jsonrpc: '2.0', ...initializeMessage });
  await send(rig.port, { method: 'POST', path: '/mcp?window=1&x=%2F%20y', body });
  expect(rig.upstream().seen[0]?.url).toBe('/mcp?window=1&x=%2F%20y');
});

test('headers of the connection stay on it, all others pass, names and duplicates as they are', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  await send(rig.port, {
    method: 'POST',
    headers: {
      Connection: 'keep-alive, X-Mine',
      'X-Mine': 'named in Connection',
      'Keep-Alive': 'timeout=9',
      TE: 'trailers',
      Upgrade: 'h2c',
      'Proxy-Authorization': 'Basic secret',
      Authorization: 'Bearer kept',
      'MCP-Protocol-Version': '2025-11-25',
      'Mcp-Param-Unknown': '=?base64?eA==?=',
      'X-Twice': ['one', 'two'],
      'mcp-session-id': id,
    },
    body: messageOf(200),
  });
  const seen = rig.upstream().seen.at(-1);
  for (const name of ['x-mine', 'keep-alive', 'te', 'upgrade', 'proxy-authorization']) {
    expect(seen?.headers, name).not.toHaveProperty(name);
  }
  expect(seen?.headers).toMatchObject({
    host: `127.0.0.1:${rig.upstream().port}`,
    authorization: 'Bearer kept',
    'content-length': '200',
    'mcp-protocol-version': '2025-11-25',
    'mcp-param-unknown': '=?base64?eA==?=',
  });
  const rawHeaders = seen?.rawHeaders ?? [];
  expect(rawHeaders.filter((_, index) => rawHeaders[index - 1] === 'X-Twice')).toEqual([
    'one',
    'two',
  ]);
});

test('the answer passes likewise', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  rig.upstream().answer = (request, response) => {
    request.resume();
    const head = [
      ['Connection', 'keep-alive, X-Theirs'],
      ['X-Theirs', 'named in Connection'],
      ['Proxy-Authenticate', 'Basic'],
      ['Keep-Alive', 'timeout=77'],
      ['Upgrade', 'h2c'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['WWW-Authenticate', 'Bearer realm="\xe9"'],
      ['X-Served-By', '7'],
    ];
    response.writeHead(401, head.flat());
    // As bytes: with a text Node would write the head in UTF-8, too.
    response.end(Buffer.from('no entry'));
  };
  const answer = await send(rig.port, {
    method: 'POST',
    headers: { 'mcp-session-id': id },
    body: messageOf(200),
  });
  expect(answer).toMatchObject({ status: 401, text: 'no entry' });
  expect(answer.headers).toMatchObject({
    'set-cookie': ['a=1', 'b=2'],
    'www-authenticate': 'Bearer realm="\xe9"',
    'x-served-by': '7',
  });
  for (const name of ['x-theirs', 'proxy-authenticate', 'upgrade']) {
    expect(answer.headers, name).not.toHaveProperty(name);
  }
  expect(answer.headers['keep-alive']).not.toBe('timeout=77');
  expect(answer.rawHeaders).toContain('X-Served-By');
});

test('202 without a body passes without a body', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const answer = await rig.post({ method: 'notifications/initialized' }, { 'mcp-session-id': id });
  expect(answer).toMatchObject({ status: 202, text: '' });
});

// 128 MiB go through sockets of this one process, which takes its time on a busy machine.
test('a body of 16 MiB passes, of a known length or in chunks, in a session or before one', {
  timeout: 30_000,
}, async () => {
  await using rig = await startRig();
  const session = { 'mcp-session-id': await rig.initialize() };
  for (const headers of [{}, session]) {
    for (const coding of [{}, { 'transfer-encoding': 'chunked' }]) {
      const body = messageOf(cap);
      const call = { method: 'POST', headers: { ...headers, ...coding }, body };
      expect((await send(rig.port, call)).status).toBe('mcp-session-id' in headers ? 200 : 400);
      expect(rig.upstream().seen.at(-1)?.body.equals(Buffer.from(body))).toBe(true);
    }
  }
  expect(rig.pool.sessions.get(session['mcp-session-id'])?.bytesIn).toBe(2 * cap);
});

test.each([
  ['of a known length', {}],
  ['in chunks', { 'transfer-encoding': 'chunked' }],
])('a larger body %s is refused with 413, in a session or before one', async (_, coding) => {
  await using rig = await startRig();
  const session = { 'mcp-session-id': await rig.initialize() };
  for (const headers of [{}, session]) {
    const answer = await send(rig.port, {
      method: 'POST',
      headers: { ...headers, ...coding },
      body: messageOf(cap + 1),
    });
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.text)).toEqual(tooLarge);
  }
  expect(rig.upstream().seen.every((each) => each.body.length < cap)).toBe(true);
  await eventually(() => expect(rig.inFlight).toBe(0));
  expect((await rig.post({ id: 2, method: 'ping' }, session)).status).toBe(200);
});

test('a body that is announced as too large is refused before it comes', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  for (const session of ['', `Mcp-Session-Id: ${id}\r\n`]) {
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${cap + 1}\r\n`;
    using connection = await raw(rig.port, `${head}${session}\r\n`);
    await eventually(() => expect(connection.received).toMatch(/^HTTP\/1\.1 413 .*too_large/s));
  }
});

test.each([
  ['of a known length', `Content-Length: ${cap * 2}`, (part: string) => part, ''],
  [
    'in chunks',
    'Transfer-Encoding: chunked',
    (part: string) => `${part.length.toString(16)}\r\n${part}\r\n`,
    '0\r\n\r\n',
  ],
])(
  'a client that goes on sending a body %s after its 413 still gets to read it',
  async (_, header, framed, end) => {
    await using rig = await startRig();
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`;
    using connection = await raw(rig.port, head);
    connection.socket.pause();
    for (let part = 0; part < 32; part += 1) await connection.write(framed('x'.repeat(cap / 16)));
    // All of it is taken: the connection serves on.
    await connection.write(`${end}GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    connection.socket.resume();
    await eventually(() => expect(connection.received).toContain('HTTP/1.1 200 '));
    expect(connection.received).toMatch(/^HTTP\/1\.1 413 .*too_large/s);
  },
);

test('a client that never stops sending after its 413 is cut off', async () => {
  await using rig = await startRig();
  const head = 'POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n';
  using connection = await raw(rig.port, head);
  const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
  while (!connection.closed) await connection.write(chunk);
  expect(connection.received).toMatch(/^HTTP\/1\.1 413 /);
  expect(rig.upstream().seen).toEqual([]);
});

test('W17 a call whose instance is gone gets its error while its body is still on the way', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  await rig.upstream().die();
  using connection = await raw(
    rig.port,
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: ${id}\r\nContent-Length: 9999999\r\n\r\n{"`,
  );
  await eventually(() => expect(connection.received).toContain('instance_unavailable'));
  expect(connection.received).toMatch(/^HTTP\/1\.1 503 /);
});

test('W17 a session waits for an instance that is just coming up', async () => {
  await using rig = await startRig();
  rig.service().enter('starting');
  const opening = rig.initialize();
  // The gateway has the request when it answers what came later.
  await send(rig.port, { path: '/health' });
  expect(rig.upstream().seen).toEqual([]);
  rig.service().enter('ready');
  expect(rig.upstreamId(await opening)).toBe('up1-1');
});

test('W17 with no instance to wait for, the answer is an error in words', async () => {
  await using rig = await startRig();
  rig.service().enter('failed');
  for (const answer of [
    await rig.post(initializeMessage),
    await send(rig.port, { method: 'POST', headers: { 'mcp-method': 'tools/list' }, body: '{}' }),
  ]) {
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -32000,
        message: 'No MCP instance is running (failed: now failed).',
        data: { code: 'instance_unavailable' },
      },
    });
  }
});

test('W17 with MCP switched off, the answer says so', async () => {
  await using rig = await startRig({ idle: true, gateway: { pools: new Map() } });
  const answer = await rig.post(initializeMessage);
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.text)).toMatchObject({
    error: { message: 'MCP is switched off: [mcp] enabled = false.' },
  });
});

test('a client that leaves while it waits for an instance is forgotten quietly', async () => {
  await using rig = await startRig();
  rig.service().enter('starting');
  using connection = await raw(
    rig.port,
    `POST /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Method: x\r\nContent-Length: 2\r\n\r\n{}`,
  );
  await send(rig.port, { path: '/health' });
  connection.socket.destroy();
  await eventually(async () => {
    await send(rig.port, { path: '/health' });
    expect(connection.closed).toBe(true);
  });
  rig.service().enter('ready');
  await rig.initialize();
  expect(rig.upstream().seen).toHaveLength(1);
  expect(rig.log.filter(({ level }) => level >= 40)).toEqual([]);
});
