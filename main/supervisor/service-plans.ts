/**
 * What a configuration means for each service, as plain data, and what has to be done when another
 * configuration follows. Pure: it says the same to whoever wants to save and to whoever applies.
 *
 * A service's keys are of three kinds. Its program (command, environment, port …) can only change with a
 * new process. Its settings (policies, deadlines, bounds) are looked up when they are needed. And when
 * it becomes a thing of another kind, the old one ends before the new one begins.
 */
import { createHash } from 'node:crypto';
import type { ConfigChange } from '../../shared/config-change.ts';
import type { Config, ServerConfig } from '../../shared/config-schema.ts';
import { mcpTransport } from '../../shared/config-services.ts';

export type PlanKind =
  | 'main_pool'
  | 'server_pool'
  | 'dashboard'
  | 'fallback_api'
  | 'terminal'
  | 'external_terminal'
  | 'server';

type Keys = Readonly<Record<string, unknown>>;

export interface ServicePlan {
  readonly name: string;
  readonly kind: PlanKind;
  /** One with another identity is another thing under the same name. */
  readonly identity: string;
  /** By dotted key, as in the file. */
  readonly program: Keys;
  readonly settings: Keys;
}

/** One service and what happens to it. */
export interface PlannedChange extends ConfigChange {
  readonly plan: ServicePlan;
  /** It becomes a thing of another kind under the same name. */
  readonly isOther: boolean;
}

/** Keys that need another process, in every section that has them. */
const programKeys = [
  'command',
  'args',
  'working_dir',
  'env',
  'port',
  'readiness_http',
  'readiness_tcp',
  'readiness_log',
  'on_supervisor_exit',
];

/** Of MCP servers in `[[servers]]`, besides. */
const poolProgramKeys = [...programKeys, 'shared', 'base_port'];

/** The services of a configuration that are switched on, in the order in which they are shown. */
export function servicePlans(config: Config, token: string): readonly ServicePlan[] {
  const { mcp, dashboard, interactive_terminal, fallback_api, servers } = config;
  const shared = sharedSettings(config);
  const plans: (ServicePlan | null)[] = [
    mcp.enabled ? mainPoolPlan(config, shared) : null,
    dashboard.enabled ? dashboardPlan(config, token, shared) : null,
    interactive_terminal.enabled ? terminalPlan(interactive_terminal, shared) : null,
    fallback_api.enabled
      ? split('fallback_api', 'fallback_api', fallback_api, programKeys, shared)
      : null,
    ...servers.map((server) => (server.enabled ? serverPlan(config, server, shared) : null)),
  ];
  return plans.filter((plan) => plan !== null);
}

/** What every service is influenced by. */
function sharedSettings({ reconnect, mcp }: Config): Keys {
  const entries = Object.entries(reconnect).map(([key, value]) => [`[reconnect] ${key}`, value]);
  return {
    ...Object.fromEntries(entries),
    '[mcp] health_timeout_ms': mcp.health_timeout_ms,
  };
}

function split(
  name: string,
  kind: PlanKind,
  section: object,
  ofProgram: readonly string[],
  shared: Keys,
): ServicePlan {
  const { enabled: _enabled, name: _name, ...keys } = section as Record<string, unknown>;
  const entries = Object.entries(keys);
  return {
    name,
    kind,
    identity: kind,
    program: Object.fromEntries(entries.filter(([key]) => ofProgram.includes(key))),
    settings: {
      ...Object.fromEntries(entries.filter(([key]) => !ofProgram.includes(key))),
      ...shared,
    },
  };
}

function mainPoolPlan({ mcp, events }: Config, shared: Keys): ServicePlan {
  const { node, container, pool, backend, ...rest } = mcp;
  const { enabled: _enabled, port: _port, health_timeout_ms: _shared, ...life } = rest;
  // Of the two backends only one matters; where the instances listen for events is asked of us.
  const { events_path, ...program } = node;
  return {
    name: 'mcp',
    kind: 'main_pool',
    identity: 'main_pool',
    program: {
      backend,
      ...(backend === 'node' ? prefixed('node', program) : prefixed('container', container)),
      'pool.base_port': pool.base_port,
      '[events] enabled': events.enabled,
    },
    settings: {
      ...life,
      ...prefixed('pool', { ...pool, base_port: undefined }),
      'node.events_path': events_path,
      ...shared,
    },
  };
}

function serverPlan({ events }: Config, server: ServerConfig, shared: Keys): ServicePlan {
  if (mcpTransport(server) === null)
    return split(server.name, 'server', server, programKeys, shared);
  const plan = split(server.name, 'server_pool', server, poolProgramKeys, shared);
  const { port: _port, ...program } = plan.program;
  // A fixed port has room for one process, so the old one ends first; so does another transport.
  const identity = `server_pool ${mcpTransport(server)} ${server.port ?? ''}`;
  return { ...plan, identity, program: { ...program, '[events] enabled': events.enabled } };
}

function terminalPlan(section: Config['interactive_terminal'], shared: Keys): ServicePlan {
  const name = 'interactive_terminal';
  if (section.command !== undefined)
    return split(name, 'external_terminal', section, programKeys, shared);
  // The next shell is another one; nobody's shell is ended for it.
  return split(name, 'terminal', section, [], shared);
}

function dashboardPlan(config: Config, token: string, shared: Keys): ServicePlan {
  const { events, auth, dashboard } = config;
  const plan = split('dashboard', 'dashboard', dashboard, programKeys, shared);
  const digest = createHash('sha256').update(token).digest('hex');
  // It is told where the events are, and what opens them.
  const told = {
    '[events] enabled': events.enabled,
    '[auth] gateway or api_key': events.enabled && auth.gateway ? digest : null,
  };
  return { ...plan, program: { ...plan.program, ...told } };
}

function prefixed(prefix: string, keys: object): Keys {
  return Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [`${prefix}.${key}`, value]),
  );
}

/** What happens to each service when one configuration follows another; those that stay are told, too. */
export function planChanges(
  before: readonly ServicePlan[],
  after: readonly ServicePlan[],
  isOff: (name: string) => boolean,
): readonly PlannedChange[] {
  const old = new Map(before.map((plan) => [plan.name, plan]));
  const names = new Set(after.map(({ name }) => name));
  const gone = before
    .filter(({ name }) => !names.has(name))
    .map((plan) => ({
      plan,
      isOther: false,
      service: plan.name,
      action: 'stop' as const,
      reason: isOff(plan.name) ? 'switched off' : 'removed',
    }));
  return [
    ...gone,
    ...after.map((plan) => ({
      plan,
      service: plan.name,
      ...changeOf(old.get(plan.name), plan),
    })),
  ];
}

function changeOf(
  before: ServicePlan | undefined,
  after: ServicePlan,
): Pick<PlannedChange, 'action' | 'reason' | 'isOther'> {
  if (before === undefined) {
    return { action: 'start', reason: 'new or switched on', isOther: false };
  }
  const isOther = before.identity !== after.identity;
  const program = changedKeys(before.program, after.program);
  const settings = changedKeys(before.settings, after.settings);
  const all = [...program, ...settings];
  const reason = all.length === 0 ? 'another kind of service' : `changed: ${all.join(', ')}`;
  if (isOther || program.length > 0) return { action: 'restart', reason, isOther };
  return all.length === 0
    ? { action: 'none', reason: 'unchanged', isOther }
    : { action: 'update', reason, isOther };
}

/** The keys whose values differ. */
export function changedKeys(before: Keys, after: Keys): readonly string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => !isSame(before[key], after[key]));
}

/** Of tables the order of keys does not count. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}
