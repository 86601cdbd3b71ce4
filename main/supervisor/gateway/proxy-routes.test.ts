import { expect, onTestFinished, test } from 'vitest';
import { gatewayPaths, isCovered } from '../../../shared/config-proxy.ts';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { open, send } from './http-client.test-helper.ts';
import type { ProxyRoute } from './proxy-routes.ts';
import { reply, Upstream } from './upstream.test-helper.ts';

/** A program that says what it was asked, and how. */
async function startTarget(name: string): Promise<Upstream> {
  const target = new Upstream(name);
  target.answer = (request, response) => {
    reply(response, 200, { name, url: request.url, headers: request.headers });
  };
  await target.listen();
  onTestFinished(() => target.die());
  return target;
}

function routeTo(target: Upstream, path: string, changes: Partial<ProxyRoute> = {}): ProxyRoute {
  return {
    path,
    origin: () => target.origin,
    refusal: () => ({ status: 503, body: { ok: false, state: 'crash_loop' } }),
    websocket: false,
    stripPrefix: false,
    ...changes,
  };
}

async function get(rig: Rig, path: string, headers: Record<string, string> = {}) {
  const { status, text } = await send(rig.port, { path, headers });
  return { status, ...(JSON.parse(text) as { name?: string; url?: string }) };
}

test('the longest path that covers the request decides, in whole segments', async () => {
  const [one, two, all] = [
    await startTarget('one'),
    await startTarget('two'),
    await startTarget('all'),
  ];
  const routes = [routeTo(all, '/'), routeTo(one, '/app'), routeTo(two, '/app/deep')];
  await using rig = await startRig({ gateway: { routes } });
  for (const [path, name] of [
    ['/app', 'one'],
    ['/app?x=1', 'one'],
    ['/app/', 'one'],
    ['/app/deeper', 'one'],
    ['/app/deep', 'two'],
    ['/app/deep/x%2Fy?q=/app', 'two'],
    ['/apple', 'all'],
    ['/', 'all'],
    ['/APP', 'all'],
  ] as const) {
    expect(await get(rig, path), path).toMatchObject({ status: 200, name, url: path });
  }
  expect(rig.upstream().seen).toEqual([]);
});

test('without its prefix the target is asked for what is left, and told what was left out', async () => {
  const target = await startTarget('target');
  const routes = [
    routeTo(target, '/app', { stripPrefix: true }),
    routeTo(target, '/base', { stripPrefix: true, origin: () => `${target.origin}/under` }),
  ];
  await using rig = await startRig({ gateway: { routes } });
  for (const [path, url] of [
    ['/app', '/'],
    ['/app?x=1', '/?x=1'],
    ['/app/', '/'],
    ['/app/a//b?x=%20', '/a//b?x=%20'],
    ['/base/a?x=1', '/under/a?x=1'],
  ] as const) {
    expect(await get(rig, path), path).toMatchObject({ url });
  }
  expect(target.seen[0]?.headers).toMatchObject({ 'x-forwarded-prefix': '/app' });
});

test('the target learns who asked from the gateway, not from what the client claims', async () => {
  const target = await startTarget('target');
  await using rig = await startRig({ gateway: { routes: [routeTo(target, '/app')] } });
  const claims = {
    'X-Forwarded-For': '203.0.113.9',
    'X-Forwarded-Host': 'bank.example',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Prefix': '/admin',
    'X-Forwarded-User': 'root',
    Forwarded: 'for=203.0.113.9',
  };
  const host = `localhost:${rig.port}`;
  await get(rig, '/app', { ...claims, host });
  const { headers } = target.seen[0] ?? {};
  expect(headers).toMatchObject({
    host: `127.0.0.1:${target.port}`,
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
  });
  for (const name of ['forwarded', 'x-forwarded-user', 'x-forwarded-prefix']) {
    expect(headers, name).not.toHaveProperty(name);
  }
});

test('a service that is not running is told of with its state, and its death breaks nothing', async () => {
  const target = await startTarget('target');
  let origin: string | null = null;
  const routes = [routeTo(target, '/app', { origin: () => origin })];
  await using rig = await startRig({ gateway: { routes } });
  const refused = { status: 503, ok: false, state: 'crash_loop' };
  expect(await get(rig, '/app')).toEqual(refused);
  ({ origin } = target);
  expect(await get(rig, '/app')).toMatchObject({ status: 200 });
  await target.die();
  expect(await get(rig, '/app')).toEqual(refused);
  const big = { method: 'POST', path: '/app', body: Buffer.alloc(4 * 1024 * 1024) };
  expect((await send(rig.port, big)).status).toBe(503);
  expect((await send(rig.port, { path: '/health' })).status).toBe(200);
});

test('an idle stream of a target shows its head, and ends there when its client hangs up', async () => {
  const target = await startTarget('target');
  target.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  await using rig = await startRig({ gateway: { routes: [routeTo(target, '/app')] } });
  using stream = await open(rig.port, { path: '/app/events' });
  expect(stream.response.headers['content-type']).toBe('text/event-stream');
  stream.hangUp();
  await eventually(() => expect(target.seen[0]?.aborted).toBe(true));
});

const ownAddresses = [
  '/mcp',
  '/sse',
  '/messages',
  '/servers/x/mcp',
  '/dashboard',
  '/health',
  '/api/health',
  '/api/fallback/x',
  '/metrics',
  '/supervisor/heartbeat',
  '/admin/connections',
] as const;

test.each(ownAddresses)('a route for everything does not get %s', async (path) => {
  const target = await startTarget('target');
  await using rig = await startRig({ gateway: { routes: [routeTo(target, '/')] } });
  // What the gateway has there may be a stream that never ends.
  using answer = await open(rig.port, { path });
  expect(answer.status).toBeGreaterThanOrEqual(200);
  expect(target.seen).toEqual([]);
  // And none of them can be given to a route by mistake.
  expect(gatewayPaths.some((own) => isCovered(path, own))).toBe(true);
});

test("the dashboard's address gets the slash that its page's addresses need", async () => {
  await using rig = await startRig();
  const answer = await send(rig.port, { path: '/dashboard?x=1' });
  expect([answer.status, answer.headers.location]).toEqual([308, '/dashboard/?x=1']);
});
