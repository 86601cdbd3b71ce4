import { expect, test } from 'vitest';
import { configSchema } from '../../shared/config-schema.ts';
import { planChanges, servicePlans } from './service-plans.ts';

const token = 'token-of-the-page';

/** `service: action, reason`, of everything that does not stay as it is. */
function changes(
  before: object,
  after: object,
  tokens: readonly [string, string] = [token, token],
) {
  const found = planChanges(
    servicePlans(configSchema.parse(before), tokens[0]),
    servicePlans(configSchema.parse(after), tokens[1]),
    (name) => name === 'off',
  );
  return found
    .filter(({ action }) => action !== 'none')
    .map(({ service, action, reason }) => `${service}: ${action}, ${reason}`);
}

const sleeper = { name: 'one', command: 'sleep', args: ['1'] };

test('what stays as it is is left alone, whatever the order of its keys', () => {
  expect(changes({ servers: [sleeper] }, { servers: [sleeper] })).toEqual([]);
  const [one, other] = [{ env: { A: '1', B: '2' } }, { env: { B: '2', A: '1' } }];
  expect(changes({ dashboard: one }, { dashboard: other })).toEqual([]);
  const all = planChanges([], servicePlans(configSchema.parse({}), token), () => false);
  expect(all.map(({ service, action }) => `${service} ${action}`)).toEqual([
    'mcp start',
    'dashboard start',
    'interactive_terminal start',
  ]);
});

test('blocks that come, go, change and are switched off', () => {
  const other = { ...sleeper, name: 'other' };
  expect(changes({}, { servers: [sleeper] })).toEqual(['one: start, new or switched on']);
  expect(changes({ servers: [sleeper, other] }, { servers: [other] })).toEqual([
    'one: stop, removed',
  ]);
  const off = { ...sleeper, name: 'off' };
  expect(changes({ servers: [off] }, { servers: [{ ...off, enabled: false }] })).toEqual([
    'off: stop, switched off',
  ]);
  expect(changes({ servers: [sleeper] }, { servers: [{ ...sleeper, args: ['2'] }] })).toEqual([
    'one: restart, changed: args',
  ]);
});

test('settings that are looked up when they are needed cost no restart', () => {
  const settings = { restart_policy: 'never_restart', stop_grace_ms: 5, depends_on: ['mcp'] };
  expect(changes({ servers: [sleeper] }, { servers: [{ ...sleeper, ...settings }] })).toEqual([
    'one: update, changed: restart_policy, stop_grace_ms, depends_on',
  ]);
  expect(changes({}, { mcp: { pool: { max_instances: 2 } } })).toEqual([
    'mcp: update, changed: pool.max_instances',
  ]);
  expect(changes({}, { reconnect: { max_attempts: 3 } })).toEqual([
    'mcp: update, changed: [reconnect] max_attempts',
    'dashboard: update, changed: [reconnect] max_attempts',
    'interactive_terminal: update, changed: [reconnect] max_attempts',
  ]);
  expect(changes({}, { mcp: { health_timeout_ms: 2_000 } })).toContain(
    'mcp: update, changed: [mcp] health_timeout_ms',
  );
});

test('the pool runs another program, or the same elsewhere', () => {
  expect(changes({}, { mcp: { node: { env: { A: '1' } } } })).toEqual([
    'mcp: restart, changed: node.env',
  ]);
  expect(changes({}, { mcp: { pool: { base_port: 4000 } } })).toEqual([
    'mcp: restart, changed: pool.base_port',
  ]);
  // Of the backend that is not used nothing counts.
  expect(changes({}, { mcp: { container: { image: 'x' } } })).toEqual([]);
  const container = { backend: 'container' };
  expect(changes({ mcp: container }, { mcp: { ...container, container: { image: 'x' } } })).toEqual(
    ['mcp: restart, changed: container.image'],
  );
});

test('events and tokens concern whoever was told of them', () => {
  const told = [
    'mcp: restart, changed: [events] enabled',
    'dashboard: restart, changed: [events] enabled',
  ];
  expect(changes({}, { events: { enabled: false } })).toEqual(told);
  expect(changes({}, {}, [token, 'another-token'])).toEqual([]);
  const asks = { auth: { gateway: true } };
  expect(changes(asks, asks, [token, 'another-token'])).toEqual([
    'dashboard: restart, changed: [auth] gateway or api_key',
  ]);
});

test('a thing of another kind is another thing, also under the old name', () => {
  const mcp = { ...sleeper, args: ['{port}'], mcp: true };
  const isOther = (before: object, after: object) =>
    planChanges(
      servicePlans(configSchema.parse({ servers: [before] }), token),
      servicePlans(configSchema.parse({ servers: [after] }), token),
      () => false,
    ).map(({ service, action, isOther: is }) => `${service} ${action} ${is}`)[3];
  expect(isOther(sleeper, mcp)).toBe('one restart true');
  expect(isOther(mcp, { ...mcp, port: 4000 })).toBe('one restart true');
  expect(isOther(mcp, { ...mcp, mcp: false, transport: 'stdio' })).toBe('one restart true');
  expect(isOther(mcp, { ...mcp, args: ['--port', '{port}'] })).toBe('one restart false');
});

test('a reason names keys, never values', () => {
  const env = { env: { TOKEN: 'secret-1' } };
  const [change = ''] = changes({ dashboard: env }, { dashboard: { env: { TOKEN: 'secret-2' } } });
  expect(change).toBe('dashboard: restart, changed: env');
});
