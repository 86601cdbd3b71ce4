/** What the configuration changes in a gateway that runs. */
import { expect, onTestFinished, test } from 'vitest';
import { initializeMessage, type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { PortClaims } from '../port-claims.ts';
import type { ServedPool } from './gateway.ts';
import { send } from './http-client.test-helper.ts';
import type { ProxyRoute } from './proxy-routes.ts';
import { reply, Upstream } from './upstream.test-helper.ts';

async function initialize(rig: Rig, path: string): Promise<number> {
  const { status } = await send(rig.port, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', ...initializeMessage }),
  });
  return status;
}

async function routeTo(
  name: string,
  until: () => Promise<void> = async () => {},
): Promise<ProxyRoute> {
  const upstream = new Upstream(name);
  upstream.answer = (_request, response) => void until().then(() => reply(response, 200, { name }));
  await upstream.listen();
  onTestFinished(() => upstream.die());
  return {
    path: '/x',
    origin: () => upstream.origin,
    refusal: () => ({ status: 503, body: {} }),
    websocket: false,
    stripPrefix: false,
  };
}

test('pools come, go and are replaced under their paths', async () => {
  const pools = new Map<string, ServedPool>();
  await using rig = await startRig({ gateway: { pools } });
  await using another = await startRig();
  const ask = async () => [
    await initialize(rig, '/mcp'),
    await initialize(rig, '/servers/search/mcp'),
  ];
  expect(await ask()).toEqual([503, 404]);
  pools.set('mcp', rig.pool);
  pools.set('search', rig.pool);
  expect(await ask()).toEqual([200, 200]);
  pools.delete('mcp');
  expect(await ask()).toEqual([503, 200]);
  pools.set('search', another.pool);
  expect(await initialize(rig, '/servers/search/mcp')).toBe(200);
  expect([rig.pool.sessions.size, another.pool.sessions.size]).toEqual([3, 1]);
});

test('other routes and origins count from the next request on; what is being carried goes on', async () => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const routes = [
    await routeTo('one', () => {
      arrived.resolve();
      return held.promise;
    }),
  ];
  const allowedOrigins: string[] = [];
  await using rig = await startRig({ gateway: { routes, allowedOrigins } });
  const get = async (headers = {}) => await send(rig.port, { path: '/x', headers });
  const carried = get();
  await arrived.promise;
  routes[0] = await routeTo('other');
  rig.gateway.routesChanged();
  expect((await get()).text).toBe('{"name":"other"}');
  held.resolve();
  expect((await carried).text).toBe('{"name":"one"}');
  const origin = { origin: 'http://app.example' };
  expect((await get(origin)).status).toBe(403);
  allowedOrigins.push('http://app.example');
  expect((await get(origin)).status).toBe(200);
});

test('it moves to another port, where everything is as before', async () => {
  await using rig = await startRig();
  // Ports that the system gives to nobody by itself: another test would take the first one as soon as it is free.
  const claims = new PortClaims();
  const before = await claims.claim('before', 0, 'test');
  await rig.gateway.moveTo(before);
  const after = await claims.claim('after', 0, 'test');
  await rig.gateway.moveTo(after);
  for (const each of ['before', 'after']) claims.settled(each);
  expect(rig.port).toBe(after);
  expect(await initialize(rig, '/mcp')).toBe(200);
  await expect(fetch(`http://127.0.0.1:${before}/health`)).rejects.toThrow();
});
