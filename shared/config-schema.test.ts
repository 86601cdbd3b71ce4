import { expect, expectTypeOf, test } from 'vitest';
import { expectation } from './config-key-info.ts';
import { configSections } from './config-keys.ts';
import { legacyKeys } from './config-legacy.ts';
import { builtInNames } from './config-names.ts';
import { type Config, configSchema, defaultConfig } from './config-schema.ts';

const paths = configSections.flatMap(({ path, keys }) => keys.map(({ name }) => `${path}.${name}`));

test('the defaults are those of the old supervisor', () => {
  expect(defaultConfig.supervisor).toEqual({
    log_level: 'info',
    control_pipe: '\\\\.\\pipe\\project-memory-supervisor',
    control_socket: true,
    control_tcp: true,
    control_tcp_port: 45_470,
    shutdown_when_last_client_leaves_s: 0,
  });
  expect(defaultConfig.reconnect).toEqual({
    initial_delay_ms: 500,
    max_delay_ms: 30_000,
    multiplier: 2,
    max_attempts: 0,
    jitter_ratio: 0.2,
    cooldown_after_attempts: 0,
    cooldown_child_local_ms: 0,
    cooldown_dependency_group_ms: 0,
    cooldown_global_ms: 0,
  });
  expect(defaultConfig.mcp).toMatchObject({ enabled: true, port: 3457, health_timeout_ms: 1500 });
  expect(defaultConfig.mcp.pool).toMatchObject({
    min_instances: 1,
    max_instances: 4,
    max_connections_per_instance: 5,
    base_port: 3460,
  });
  expect(defaultConfig.dashboard).toMatchObject({ enabled: true, port: 3459, requires_mcp: true });
  expect(defaultConfig.fallback_api.port).toBe(3465);
  expect(defaultConfig.events).toMatchObject({
    enabled: true,
    buffer_size: 256,
    heartbeat_interval: 30,
    replay_buffer_size: 100,
    allowed_origins: [],
  });
  expect(defaultConfig.gui_server.port).toBe(3464);
  expect(defaultConfig.runtime_output.enabled).toBe(true);
});

test('the page serves this machine only, and no program of the old repository is needed', () => {
  expect(defaultConfig.gui_server.bind_address).toBe('127.0.0.1');
  expect(defaultConfig.fallback_api.enabled).toBe(false);
});

test('every section and key is described; every number has a range', () => {
  for (const section of configSections) {
    expect(section.description, section.path).not.toBe('');
    for (const key of section.keys) {
      const path = `${section.path}.${key.name}`;
      expect(key.description, path).toMatch(/[.)]$/);
      expect(expectation(key), path).not.toMatch(/null|undefined/);
      if (key.type === 'whole number' || key.type === 'number') {
        expect(key.min, path).toBeTypeOf('number');
        expect(key.max, path).toBeLessThanOrEqual(86_400_000);
      }
      if (key.name.endsWith('_ms')) expect(key.unit, path).toBe('milliseconds');
      // Where the default shows nothing, an example does.
      expect(key.fallback ?? key.example, path).not.toBeUndefined();
    }
  }
});

test('a key is either known or of the old supervisor, not both', () => {
  const known = new Set([...paths, ...configSections.map(({ path }) => path)]);
  expect(legacyKeys.filter(({ path }) => known.has(path))).toEqual([]);
});

test('the schema as data has every key of the configuration', () => {
  const servers = configSchema.parse({ servers: [{ name: 'x', command: 'y' }] }).servers;
  for (const [name, section] of Object.entries({ ...defaultConfig, servers: servers[0] ?? {} }))
    for (const key of Object.keys(section))
      expect([
        ...paths,
        'mcp.node',
        'mcp.container',
        'mcp.pool',
        'events.sources',
        'proxy.routes',
        'auth.clients',
      ]).toContain(`${name}.${key}`);
});

test('origins are accepted as browsers send them', () => {
  const accepts = (origin: string) =>
    configSchema.safeParse({ events: { allowed_origins: [origin] } }).success;
  expect(accepts('http://localhost:5173')).toBe(true);
  expect(accepts('https://dash.example')).toBe(true);
  expect(accepts('vscode-webview://1a2b')).toBe(true);
  for (const wrong of ['*', 'localhost', 'http://a/', 'http://a:80', 'HTTP://a', 'http://a b', ''])
    expect(accepts(wrong), wrong).toBe(false);
});

test('a name of 64 characters is fine, one more is not', () => {
  const accepts = (name: string) =>
    configSchema.safeParse({ servers: [{ name, command: 'x' }] }).success;
  expect(accepts('n'.repeat(64))).toBe(true);
  expect(accepts('n'.repeat(65))).toBe(false);
  expect(accepts('Suche für Pläne 2.0')).toBe(true);
  for (const name of [...builtInNames, 'a/b', 'a\\b', 'a:b', '.', 'a.', 'a\nb'])
    expect(accepts(name), name).toBe(false);
});

test('the type of a configuration is read-only to its depths', () => {
  expectTypeOf<Config['mcp']['pool']>().toEqualTypeOf<Readonly<Config['mcp']['pool']>>();
  expectTypeOf<Config['events']['allowed_origins']>().toEqualTypeOf<readonly string[]>();
  expectTypeOf<Config['mcp']['node']['env']>().toEqualTypeOf<Readonly<Record<string, string>>>();
  expectTypeOf<Config['servers'][number]>().toEqualTypeOf<Readonly<Config['servers'][number]>>();
});
