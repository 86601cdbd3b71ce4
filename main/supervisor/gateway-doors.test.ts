import pino from 'pino';
import { expect, test, vi } from 'vitest';
import { configSchema } from '../../shared/config-schema.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ServiceState } from '../../shared/status.ts';
import { patience } from '../../test/patience.ts';
import { open, send } from './gateway/http-client.test-helper.ts';
import { eventsTarget, type GatewayDoorsOptions, gatewayDoors } from './gateway-doors.ts';
import { startRig } from './gateway-rig.test-helper.ts';

const logger = pino({ level: 'silent' });

type MainPool = ReturnType<GatewayDoorsOptions['pool']>;

const runningPool: MainPool = {
  primary: { origin: 'http://127.0.0.1:3460' },
  visit: async () => () => {},
};

function doorsOf(
  sections: object,
  services: Record<string, { readonly state: ServiceState; readonly port: number | null }> = {},
  pool: GatewayDoorsOptions['pool'] = () => runningPool,
) {
  const config = configSchema.parse(sections);
  return gatewayDoors({
    config: () => config,
    token: () => 'token-of-the-page',
    statusOf: (name) => {
      const found = services[name.toLowerCase()];
      if (found === undefined) throw new CodedError('unknown_service', 'There is none.');
      return found;
    },
    pool,
    logger,
  });
}

test('routes lead to services while these run, and say otherwise what is the matter', () => {
  const state = { state: 'ready' as ServiceState, port: 8080 };
  const routes = ['search', 'mcp', 'gone', 'https://example.org/base'].map((target, index) => ({
    path: `/${index}`,
    target,
    websocket: index === 0,
    strip_prefix: index === 1,
  }));
  const [search, mcp, gone, address] = doorsOf({ proxy: { routes } }, { search: state }).routes;
  expect(search).toMatchObject({ path: '/0', websocket: true, stripPrefix: false });
  expect(search?.origin()).toBe('http://127.0.0.1:8080');
  state.state = 'unhealthy';
  expect(search?.origin()).toBe('http://127.0.0.1:8080');
  state.state = 'backing_off';
  expect(search?.origin()).toBeNull();
  expect(search?.refusal()).toEqual({
    status: 503,
    body: {
      ok: false,
      error: 'The service "search" is not running: it is backing off.',
      code: 'service_unavailable',
      service: 'search',
      state: 'backing_off',
    },
  });
  expect(mcp).toMatchObject({ stripPrefix: true });
  expect(mcp?.origin()).toBe('http://127.0.0.1:3460');
  expect(gone?.origin()).toBeNull();
  expect(gone?.refusal().body).toMatchObject({ state: 'disabled' });
  expect(address?.origin()).toBe('https://example.org/base');
  expect(address?.refusal()).toMatchObject({ status: 502 });
});

test('a route to the MCP pool starts an instance of one that rests, but not for a question after its health', async () => {
  const started: string[] = [];
  const gate = Promise.withResolvers<void>();
  const routes = [
    { path: '/tools', target: 'MCP', websocket: true, strip_prefix: true },
    { path: '/whole', target: 'mcp', strip_prefix: false },
    { path: '/search', target: 'search' },
  ];
  const stopped = { state: 'stopped' as const, port: null };
  let pool: MainPool = null;
  const doors = doorsOf({ proxy: { routes } }, { mcp: stopped, search: stopped }, () => pool);
  await using rig = await startRig({
    instances: 0,
    maxInstances: 3,
    idle: true,
    gateway: { routes: doors.routes },
    untilStarted: (instance) => {
      started.push(instance);
      return gate.promise;
    },
  });
  ({ pool } = rig);
  await rig.pool.open();
  const get = (path: string) => send(rig.port, { path });

  for (const path of ['/tools/health', '/tools/healthz?x=1', '/search', '/search/x']) {
    expect((await get(path)).status, path).toBe(503);
  }
  expect(started).toEqual([]);
  expect(rig.pool.isResting).toBe(true);

  const waiting = ['/tools/notes?n=1', '/whole/notes', '/tools/notes?n=2'].map(get);
  await vi.waitFor(() => expect(started).toEqual(['mcp:1']), patience);
  gate.resolve();
  // The server speaks MCP only, and says that there is nothing: that it was asked is what matters.
  for (const { status } of await Promise.all(waiting)) expect(status).toBe(404);
  const seen = rig.upstream().seen.map(({ url }) => url);
  expect(seen.toSorted()).toEqual(['/notes?n=1', '/notes?n=2', '/whole/notes']);
  expect(started).toEqual(['mcp:1']);
});

test('what a route carries keeps its instance from resting', async () => {
  let pool: MainPool = null;
  const doors = doorsOf({ proxy: { routes: [{ path: '/tools', target: 'mcp' }] } }, {}, () => pool);
  await using rig = await startRig({ gateway: { routes: doors.routes } });
  ({ pool } = rig);
  rig.upstream().answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  };
  using stream = await open(rig.port, { path: '/tools/changes' });
  const [instance] = rig.pool.instances;
  expect(instance?.visits).toBe(1);
  stream.hangUp();
  await vi.waitFor(() => expect(instance?.visits).toBe(0), patience);
});

test('the dashboard has a path of its own, WebSockets included', () => {
  const [dashboard] = doorsOf({}, { dashboard: { state: 'ready', port: 3459 } }).routes;
  expect(dashboard).toMatchObject({ path: '/dashboard', websocket: true, stripPrefix: true });
  expect(dashboard?.origin()).toBe('http://127.0.0.1:3459');
});

test('nobody is asked for a token unless the configuration says so', () => {
  expect(doorsOf({}).access).toBeNull();
  expect(doorsOf({ auth: { gateway: true } }).access).not.toBeNull();
});

test("the dashboard's token is the same at the next start, and is not the page's", () => {
  const { auth } = configSchema.parse({ auth: { gateway: true } });
  const one = eventsTarget('http://127.0.0.1:3457/x', auth, 'token-of-the-page');
  expect(one).toEqual(eventsTarget('http://127.0.0.1:3457/x', auth, 'token-of-the-page'));
  expect(one.token).not.toContain('token-of-the-page');
  expect(one.token).not.toBe(eventsTarget(one.url, auth, 'another-token').token);
  expect(eventsTarget(one.url, configSchema.parse({}).auth, 'x').token).toBeNull();
});
