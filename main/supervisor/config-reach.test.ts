/**
 * The way of each key from the file to the option that acts on it. What the options do is shown by the
 * tests of the rooms (`test/config-keys.test.ts` says where); here a key that is read by nobody, or put into the
 * wrong place, shows.
 */
import pino from 'pino';
import { expect, test } from 'vitest';
import { type Config, configSchema, type ServerConfig } from '../../shared/config-schema.ts';
import { FleetServices } from './fleet-services.ts';
import { formApps } from './form-apps.ts';
import { createUpstreamAgent } from './gateway/forward.ts';
import { gatewayDoors } from './gateway-doors.ts';
import {
  dashboardLaunch,
  fallbackApiLaunch,
  type LaunchContext,
  mcpInstanceLaunch,
  serverInstanceLaunch,
  serverLaunch,
} from './launches.ts';
import { PortClaims } from './port-claims.ts';
import { servicePlans } from './service-plans.ts';
import { keptServices, type LifeSettings, needsOf, tuned } from './service-settings.ts';
import { OutputRing } from './services/output.ts';
import { ProcessHost } from './services/process-host.ts';
import { externalTerminal } from './terminal-service.ts';

const logger = pino({ level: 'silent' });

/** A file with one `[[servers]]` block and programs where they are optional. */
function configOf(path: string, value: unknown): Config {
  const file: Record<string, unknown> = {
    servers: [{ name: 'one', command: 'x', port: 8080 }],
    fallback_api: { enabled: true, command: 'x' },
    interactive_terminal: { command: 'x' },
    proxy: { routes: [{ path: '/x', target: 'http://127.0.0.1:1/' }] },
    form_apps: [{ name: 'ask', command: 'x' }],
    brainstorm_gui: { command: 'x' },
    approval_gui: { command: 'x' },
    auth: { gateway: true, clients: [{ name: 'a', token: 'sixteen-characters' }] },
  };
  if (path !== '') set(file, path.split('.'), value);
  return configSchema.parse(file);
}

function set(at: Record<string, unknown>, [name = '', ...rest]: readonly string[], value: unknown) {
  const isLast = rest.length === 0;
  if (isLast) at[name] = value;
  else if (Array.isArray(at[name])) set(at[name][0] as Record<string, unknown>, rest, value);
  else {
    at[name] = { ...(at[name] as object | undefined) };
    set(at[name] as Record<string, unknown>, rest, value);
  }
}

type Look = (config: Config) => unknown;

const contextOf = (config: Config): LaunchContext => ({
  config,
  bundled: { node: 'n', memoryServer: 'm', dashboard: 'd', stdioBridge: 's', journalThread: 'j' },
  dataDir: '/data',
  env: {},
  folder: (folder) => folder,
});

/** The options of a service, asked now. */
const options =
  (life: (config: Config) => LifeSettings): Look =>
  (config) => {
    const all = tuned(
      {} as Parameters<typeof tuned>[0],
      () => config,
      () => life(config),
    );
    const { restartPolicy, startTimeoutMs, stopGraceMs, probeTimeoutMs, liveness, backOff } = all;
    return plain({ restartPolicy, startTimeoutMs, stopGraceMs, probeTimeoutMs, liveness, backOff });
  };

/** Getters as the values that they have now. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, each) => (each === undefined ? null : each)));
}

function server({ servers: [first] }: Config): ServerConfig {
  if (first === undefined) throw new Error('there is no [[servers]] block');
  return first;
}

const plans: Look = (config) =>
  servicePlans(config, 't').map(({ name, identity }) => [name, identity]);
const doors: Look = (config) => {
  const statusOf = () => ({ state: 'ready' as const, port: 1 });
  const made = gatewayDoors({
    config: () => config,
    token: () => 'token-of-the-page',
    statusOf,
    logger,
    pool: () => null,
  });
  const { routes, allowedOrigins, failoverWaitMs, affinity, access } = made;
  const shown = routes.map((each) => ({ ...each, origin: each.origin() }));
  const opens = (token: string) => {
    try {
      const request = { headers: { authorization: `Bearer ${token}` }, rawHeaders: [], socket: {} };
      return access?.check(request as never, '/mcp') ?? null;
    } catch {
      return 'refused';
    }
  };
  const tokens = ['sixteen-characters', 'other-sixteen-characters'].map(opens);
  return plain({ shown, allowedOrigins, failoverWaitMs, affinity, tokens });
};
const bounds =
  (name: string): Look =>
  (config) => {
    const parts = {
      context: contextOf(config),
      processes: new ProcessHost('reach', 'test', logger),
      family: 'reach',
      keeper: null,
      agent: createUpstreamAgent(),
      logger,
      webhook: () => null,
      events: () => null,
      pageUrl: () => null,
      output: () => new OutputRing(),
      onTransition: () => {},
      onChange: () => {},
    };
    const services = new FleetServices(parts, {
      needs: () => ({ waitsFor: () => null, onChange: () => () => {} }),
      cooldown: () => ({ failed: () => {}, remainingMs: () => 0 }),
      isThere: () => true,
      onTransition: () => {},
    });
    const kind = name === 'mcp' ? 'main_pool' : 'server_pool';
    const plan = { name, kind, identity: '', program: {}, settings: {} } as const;
    return services.boundsOf(plan);
  };
const apps: Look = (config) => formApps(contextOf(config), {} as ProcessHost).apps();

const lifeKeys: readonly (readonly [key: string, value: unknown])[] = [
  ['restart_policy', 'never_restart'],
  ['start_timeout_ms', 1_234],
  ['stop_grace_ms', 1_234],
];
const livenessKeys: readonly (readonly [key: string, value: unknown])[] = [
  ['liveness_period_ms', 1_234],
  ['liveness_timeout_ms', 1_234],
  ['liveness_threshold', 7],
];
const programKeys: readonly (readonly [key: string, value: unknown])[] = [
  ['command', 'y'],
  ['args', ['--y']],
  ['working_dir', '/y'],
  ['env', { Y: '1' }],
  ['port', 47_123],
];
const readinessKeys: readonly (readonly [key: string, value: unknown])[] = [
  ['readiness_http', '/y'],
  ['readiness_tcp', false],
  ['readiness_log', 'y'],
];
const poolKeys: readonly (readonly [key: string, value: unknown])[] = [
  ['min_instances', 0],
  ['max_instances', 3],
  ['max_connections_per_instance', 7],
  ['max_sessions', 7],
  ['failover', false],
  ['scale_down_after_s', 7],
  ['drain_timeout_s', 7],
  ['session_idle_minutes', 7],
  ['max_memory_mb', 7],
  ['max_age_hours', 7],
];
const needKeys: readonly (readonly [key: string, value: unknown])[] = [
  ['depends_on', ['one', 'mcp']],
  ['depends_on_condition', 'started'],
];

function under(
  section: string,
  keys: readonly (readonly [key: string, value: unknown])[],
  look: Look,
): readonly (readonly [path: string, value: unknown, look: Look])[] {
  return keys.map(([key, value]) => [`${section}.${key}`, value, look]);
}

const launchOf = {
  dashboard: (config: Config) => dashboardLaunch(contextOf(config), config.dashboard.port, null),
  fallback_api: (config: Config) => fallbackApiLaunch(contextOf(config), config.fallback_api.port),
  servers: (config: Config) => serverLaunch(contextOf(config), server(config)),
  node: (config: Config) => mcpInstanceLaunch(contextOf(config), 'mcp:1', 1, null),
  bridge: (config: Config) =>
    serverInstanceLaunch(contextOf(config), server(config), 'one:1', 1, null),
};

const reach: readonly (readonly [path: string, value: unknown, look: Look])[] = [
  ...under(
    'reconnect',
    [
      ['initial_delay_ms', 123],
      ['max_delay_ms', 123_000],
      ['multiplier', 3],
      ['max_attempts', 3],
      ['jitter_ratio', 0.5],
      ['cooldown_after_attempts', 3],
      ['cooldown_child_local_ms', 123],
    ],
    options(({ dashboard }) => dashboard),
  ),
  ['mcp.health_timeout_ms', 123, options(({ dashboard }) => dashboard)],
  ...under(
    'mcp',
    [...lifeKeys, ...livenessKeys],
    options(({ mcp }) => mcp),
  ),
  ['mcp.start_timeout_ms', 1_234, bounds('mcp')],
  ...under(
    'dashboard',
    [...lifeKeys, ...livenessKeys],
    options(({ dashboard }) => dashboard),
  ),
  ...under(
    'fallback_api',
    [...lifeKeys, ...livenessKeys],
    options((each) => each.fallback_api),
  ),
  ...under('servers', [...lifeKeys, ...livenessKeys], options(server)),
  ...under(
    'interactive_terminal',
    lifeKeys,
    options((each) => each.interactive_terminal),
  ),
  ...under('dashboard', [...programKeys, ...readinessKeys], launchOf.dashboard),
  ...under('fallback_api', [...programKeys, ...readinessKeys], launchOf.fallback_api),
  ...under('servers', [...programKeys, ...readinessKeys], launchOf.servers),
  ...under('mcp.node', programKeys.slice(0, 4), launchOf.node),
  ['servers.transport', 'stdio', launchOf.bridge],
  ['servers.session_idle_minutes', 7, (config) => bounds('one')(config)],
  ...under('mcp.pool', poolKeys, bounds('mcp')),
  ...under('servers', poolKeys, bounds('one')),
  ['servers.transport', 'stdio', bounds('one')],
  ...under('dashboard', [...needKeys, ['requires_mcp', false]], needsOf),
  ...under('fallback_api', needKeys, needsOf),
  ...under(
    'servers',
    [
      ['depends_on', ['mcp']],
      ['depends_on_condition', 'started'],
    ],
    needsOf,
  ),
  ...['dashboard', 'fallback_api', 'servers'].map(
    (section) => [`${section}.on_supervisor_exit`, 'keep', keptServices] as const,
  ),
  ...['mcp', 'dashboard', 'fallback_api', 'servers', 'interactive_terminal'].map(
    (section) => [`${section}.enabled`, false, plans] as const,
  ),
  ['servers.name', 'two', plans],
  ['servers.mcp', true, plans],
  ['interactive_terminal.command', undefined, plans],
  ['mcp.affinity_params', ['x'], doors],
  ['mcp.affinity_header', 'x-agent', doors],
  ['mcp.pool.failover_wait_ms', 123, doors],
  ['events.allowed_origins', ['http://localhost:1'], doors],
  ['proxy.routes.path', '/y', doors],
  ['proxy.routes.target', 'http://127.0.0.1:2/', doors],
  ['proxy.routes.websocket', true, doors],
  ['proxy.routes.strip_prefix', true, doors],
  ['auth.gateway', false, doors],
  ['auth.clients.name', 'b', doors],
  ['auth.clients.token', 'other-sixteen-characters', doors],
  ['form_apps.name', 'other', apps],
  ...['form_apps', 'brainstorm_gui', 'approval_gui'].flatMap((section) =>
    under(
      section,
      [
        ['enabled', false],
        ['timeout_seconds', 7],
      ],
      apps,
    ),
  ),
];

test.each(reach)('%s = %j reaches what acts on it', (path, value, look) => {
  const before = configOf('', null);
  const after = configOf(path, value);
  expect(after).not.toEqual(before);
  expect(plain(look(after))).not.toEqual(plain(look(before)));
});

test.each(['command', 'args', 'working_dir', 'env', 'port'] as const)(
  'interactive_terminal.%s reaches the program in the terminal’s place',
  async (key) => {
    const value = { command: 'y', args: ['--y'], working_dir: '/y', env: { Y: '1' }, port: 47_123 }[
      key
    ];
    const launch = async (config: Config) =>
      await externalTerminal(
        contextOf(config),
        new PortClaims(),
      )?.({ port: key === 'port' ? null : 1 });
    const [before, after] = [configOf('', null), configOf(`interactive_terminal.${key}`, value)];
    // Without a port of its own each would look for a free one.
    if (key === 'port') expect((await launch(after))?.port).toBe(47_123);
    else expect(await launch(after)).not.toEqual(await launch(before));
  },
);

test.each(['command', 'args', 'working_dir', 'env'] as const)(
  'the %s of a form app reaches its start',
  (key) => {
    const value = { command: 'y', args: ['--y'], working_dir: '/y', env: { Y: '1' } }[key];
    for (const [section, name] of [
      ['form_apps', 'ask'],
      ['brainstorm_gui', 'brainstorm_gui'],
      ['approval_gui', 'approval_gui'],
    ]) {
      const started = (config: Config) => {
        let command: unknown;
        const launch = (given: unknown) => {
          command = given;
        };
        formApps(contextOf(config), { launch } as unknown as ProcessHost).start(
          name ?? '',
          () => {},
        );
        return command;
      };
      const after = configOf(`${section}.${key}`, value);
      expect(started(after)).not.toEqual(started(configOf('', null)));
    }
  },
);
