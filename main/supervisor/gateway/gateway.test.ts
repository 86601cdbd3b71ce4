import { expect, test } from 'vitest';
import { Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { open, raw, send } from './http-client.test-helper.ts';
import { reply, Upstream } from './upstream.test-helper.ts';

const everyDoor = [
  '/mcp',
  '/health',
  '/api/health',
  '/supervisor/heartbeat',
  '/supervisor/events',
  '/admin/events/hook',
  '/api/fallback/x',
  '/sse',
  '/messages',
  '/dashboard/',
  '/anything',
  '/admin/connections',
];

/** The primary instance answers everything by saying what it was asked. */
function echo(rig: Rig): void {
  rig.upstream().answer = (request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      reply(response, 200, { method, url, host: headers.host, body });
    });
  };
}

test.each(everyDoor)(
  '%s is closed to names and pages that are not of this machine',
  async (path) => {
    await using rig = await startRig();
    for (const [headers, code] of [
      [{ host: 'evil.example' }, 'forbidden_host'],
      [{ host: `evil.example:${rig.port}` }, 'forbidden_host'],
      [{ host: `127.0.0.1.evil.example:${rig.port}` }, 'forbidden_host'],
      [{ host: `localhost:${rig.port}`, origin: 'http://evil.example' }, 'forbidden_origin'],
      [{ host: `localhost:${rig.port}`, origin: 'null' }, 'forbidden_origin'],
    ] as const) {
      for (const method of ['GET', 'POST']) {
        const answer = await send(rig.port, { method, path, headers });
        expect(answer.status).toBe(403);
        expect(JSON.parse(answer.text)).toMatchObject({ ok: false, code });
      }
    }
    expect(rig.upstream().seen).toEqual([]);
  },
);

test('local names, local pages and configured pages may come in', async () => {
  const page = 'https://board.example';
  await using rig = await startRig({ gateway: { allowedOrigins: [page] } });
  for (const headers of [
    { host: 'localhost' },
    { host: '[::1]:9' },
    { host: '127.0.0.1:3457', origin: 'http://localhost:5173' },
    { origin: page },
  ]) {
    expect((await send(rig.port, { path: '/health', headers })).status).toBe(200);
    await rig.initialize(headers);
  }
});

test('health is answered here, in the words that old extensions compare, whatever the pool does', async () => {
  await using rig = await startRig();
  rig.service().enter('failed');
  for (const path of ['/health', '/api/health', '/health?x=1']) {
    const answer = await send(rig.port, { path });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.text).toBe('{"status":"ok","server":"project-memory-proxy","transport":"http"}');
  }
  expect((await send(rig.port, { method: 'HEAD', path: '/health' })).status).toBe(200);
  expect(rig.upstream().seen).toEqual([]);
});

test('everything else goes to the primary instance with path, query and body', async () => {
  await using rig = await startRig({ instances: 2 });
  echo(rig);
  const host = `127.0.0.1:${rig.upstream().port}`;
  const path = '/admin/connections/a%2Fb?x=1&y=%20z&x=2';
  expect(JSON.parse((await send(rig.port, { path })).text)).toEqual({
    method: 'GET',
    url: path,
    host,
    body: '',
  });
  const posted = { method: 'POST', path: '/notes?id=7', body: '{"a":"ü"}' };
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    const answer = await send(rig.port, { ...posted, headers });
    expect(JSON.parse(answer.text)).toMatchObject({ method: 'POST', body: posted.body });
    expect(rig.upstream(1).seen.at(-1)?.url).toBe(posted.path);
  }
  for (const odd of ['/', '//a', '/a//b', '/%zz', '/a/../b', '/health/x', '/mcp/x']) {
    const answer = await send(rig.port, { path: odd });
    expect(JSON.parse(answer.text), odd).toMatchObject({ url: odd });
  }
  expect(rig.upstream(2).seen).toEqual([]);
});

test('headers of the connection stay on it on the way through, in both directions', async () => {
  await using rig = await startRig();
  rig.upstream().answer = (_request, response) => {
    const named = [
      'Connection',
      'keep-alive, X-Theirs',
      'X-Theirs',
      '1',
      'Keep-Alive',
      'timeout=77',
    ];
    response.writeHead(200, [...named, 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end();
  };
  const answer = await send(rig.port, {
    path: '/x',
    headers: {
      Connection: 'X-Mine, Upgrade, Close',
      'X-Mine': '1',
      'Keep-Alive': 'timeout=9',
      TE: 'trailers',
      Upgrade: 'websocket',
      'Proxy-Authorization': 'Basic secret',
      'X-Kept': 'yes',
    },
  });
  const headers = rig.upstream().seen[0]?.headers;
  expect(headers).toMatchObject({ 'x-kept': 'yes' });
  for (const name of ['x-mine', 'keep-alive', 'te', 'upgrade', 'proxy-authorization']) {
    expect(headers, name).not.toHaveProperty(name);
  }
  expect(answer.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'], connection: 'close' });
  expect(answer.headers).not.toHaveProperty('x-theirs');
  expect(answer.headers).not.toHaveProperty('keep-alive');
});

test('an idle stream of the primary instance shows its head, and each event when it is sent', async () => {
  await using rig = await startRig();
  rig.upstream().answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    rig.upstream().streams.set('it', response);
  };
  using stream = await open(rig.port, { path: '/stream' });
  expect(stream.response.headers['content-type']).toBe('text/event-stream');
  rig.upstream().streams.get('it')?.write('data: first\n\n');
  await eventually(() => expect(stream.text).toContain('data: first'));
  stream.hangUp();
  await eventually(() => expect(rig.upstream().seen[0]?.aborted).toBe(true));
});

test('a primary instance that dies in the middle of an answer breaks that answer, not the gateway', async () => {
  await using rig = await startRig();
  rig.upstream().answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).write('half');
  };
  const answer = await open(rig.port, { path: '/big' });
  await eventually(() => expect(answer.text).toBe('half'));
  await rig.upstream().die();
  await answer.ended;
  expect(answer.ending).toBe('broken');
  expect((await send(rig.port, { path: '/health' })).status).toBe(200);
});

test('W17 without an instance the way through answers in words', async () => {
  await using rig = await startRig();
  const refused = (error: string) => ({ ok: false, error, code: 'instance_unavailable' });
  await rig.upstream().die();
  const dead = await send(rig.port, { path: '/stream' });
  const sentence = 'No MCP instance is running that could answer this.';
  expect([dead.status, JSON.parse(dead.text)]).toEqual([503, refused(sentence)]);
  rig.service().enter('failed', 'exit code 7');
  const failed = await send(rig.port, { path: '/stream' });
  const why = 'No MCP instance is running (failed: exit code 7).';
  expect([failed.status, JSON.parse(failed.text)]).toEqual([503, refused(why)]);
});

test('the fallback API gets path and query; while it is away the old answer says so', async () => {
  await using rig = await startRig({ gateway: { fallbackOrigin: () => origin } });
  const api = new Upstream('fallback');
  api.answer = (request, response) => reply(response, 200, { url: request.url });
  let origin: string | null = null;
  const path = '/api/fallback/plans/7?full=1';
  const away = [503, { success: false, code: 'fallback_unavailable', error: expect.any(String) }];
  const off = await send(rig.port, { path });
  expect([off.status, JSON.parse(off.text)]).toEqual(away);
  await api.listen();
  origin = api.origin;
  const there = await send(rig.port, { path });
  expect([there.status, JSON.parse(there.text)]).toEqual([200, { url: path }]);
  await api.die();
  const dead = await send(rig.port, { path });
  expect([dead.status, JSON.parse(dead.text)]).toEqual(away);
  expect(rig.upstream().seen).toEqual([]);
});

test('closing ends the streams, cuts what does not end, and frees the port', async () => {
  await using rig = await startRig();
  const id = await rig.initialize();
  const stream = await open(rig.port, { headers: { 'mcp-session-id': id } });
  const beats = await open(rig.port, { path: '/supervisor/heartbeat' });
  using half = await raw(
    rig.port,
    'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n',
  );
  const { port } = rig;
  await rig.gateway.close();
  await Promise.all([stream.ended, beats.ended, half.closing]);
  await expect(send(port, { path: '/health' })).rejects.toThrow(/ECONNREFUSED/);
  await eventually(() => expect(rig.upstream().streams.size).toBe(0));
});

test('a port of another program is named with its key', async () => {
  await using rig = await startRig();
  await using other = new Rig({});
  const again = other.gateway.listen(rig.port);
  await expect(again).rejects.toMatchObject({ code: 'port_taken' });
  await expect(again).rejects.toThrow(/MCP gateway \(\[mcp\] port\)/);
  await rig.initialize();
});
