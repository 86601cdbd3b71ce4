import { expect, test } from 'vitest';
import { initializeMessage, startRig } from '../gateway-rig.test-helper.ts';
import { send } from './http-client.test-helper.ts';

const page = 'https://board.example';
const asks = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,mcp-session-id,mcp-param-region',
};

test.each(['/mcp', '/sse', '/messages', '/servers/x/mcp'])(
  'the browser of a configured page is told that it may call %s',
  async (path) => {
    await using rig = await startRig({ gateway: { allowedOrigins: [page] } });
    const headers = { origin: page, ...asks };
    const answer = await send(rig.port, { method: 'OPTIONS', path, headers });
    expect(answer.status).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': asks['access-control-request-headers'],
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    expect(rig.upstream().seen).toEqual([]);
  },
);

test('a page that may call may also read its session, and errors', async () => {
  await using rig = await startRig({ gateway: { allowedOrigins: [page] } });
  const opened = await rig.post(initializeMessage, { origin: page });
  const unknown = await rig.post({ id: 2, method: 'x' }, { origin: page, 'mcp-session-id': 'no' });
  expect([opened.status, unknown.status]).toEqual([200, 404]);
  for (const { headers } of [opened, unknown]) {
    expect(headers).toMatchObject({ 'access-control-allow-origin': page, vary: 'Origin' });
    expect(headers['access-control-expose-headers']).toContain('Mcp-Session-Id');
  }
});

test('other pages and programs get no such word', async () => {
  await using rig = await startRig({ gateway: { allowedOrigins: [page] } });
  for (const headers of [{}, { origin: 'http://localhost:5173' }]) {
    const asked = await send(rig.port, { method: 'OPTIONS', headers: { ...headers, ...asks } });
    const opened = await rig.post(initializeMessage, headers);
    for (const answer of [asked, opened]) {
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
  }
  const foreign = { origin: 'http://evil.example', ...asks };
  expect((await send(rig.port, { method: 'OPTIONS', headers: foreign })).status).toBe(403);
});

test('names that are none are not given back', async () => {
  await using rig = await startRig({ gateway: { allowedOrigins: [page] } });
  const headers = { ...asks, origin: page, 'access-control-request-headers': 'a: b, c<d' };
  const answer = await send(rig.port, { method: 'OPTIONS', headers });
  expect(answer.status).toBe(204);
  expect(answer.headers).not.toHaveProperty('access-control-allow-headers');
});
