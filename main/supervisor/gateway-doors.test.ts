import pino from 'pino';
import { expect, test } from 'vitest';
import { configSchema } from '../../shared/config-schema.ts';
import { CodedError } from '../../shared/errors.ts';
import type { ServiceState } from '../../shared/status.ts';
import { eventsTarget, gatewayDoors } from './gateway-doors.ts';

const logger = pino({ level: 'silent' });

function doorsOf(
  sections: object,
  services: Record<string, { readonly state: ServiceState; readonly port: number | null }> = {},
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
    primaryOrigin: () => 'http://127.0.0.1:3460',
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
