/**
 * What a changed configuration changes, room by room: the services first, then what needs no process. The
 * rooms look most settings up when they need them; here they are told of those that they cannot find out
 * by themselves.
 */

import type { ConfigChange } from '../../shared/config-change.ts';
import { restartKeys } from '../../shared/config-restart.ts';
import type { Config } from '../../shared/config-schema.ts';
import type { EventRoom } from './events/event-room.ts';
import type { Fleet } from './fleet.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { BegunChange, Configured } from './live-config.ts';
import type { PageToken } from './page-token.ts';
import { changedKeys, type PlannedChange, planChanges, servicePlans } from './service-plans.ts';

export interface ConfiguredParts {
  readonly fleet: Fleet;
  readonly events: EventRoom;
  readonly gateway: Gateway;
  readonly token: PageToken;
  readonly setLogLevel: (level: Config['supervisor']['log_level']) => void;
  /** Ports may be others now. */
  readonly onApplied: () => void;
}

/** Sections that are no services, or whose services have names of their own. */
const sections = [
  'supervisor',
  'events',
  'auth',
  'proxy',
  'runtime_output',
  'form_apps',
  'brainstorm_gui',
  'approval_gui',
] as const;

/** Only when there was no usable configuration at the start: else its port needs a restart. */
const gatewayOpens: ConfigChange = {
  service: '[mcp]',
  action: 'update',
  reason: 'the gateway opens at its port',
};

type SectionName = (typeof sections)[number];

/** `parts` is asked when there is something to do: by then all rooms are there. */
export function configured(parts: () => ConfiguredParts): Configured {
  return {
    preview: (before, next) => [
      ...serviceChanges(parts(), before, next).map(told),
      ...(before.mcp.port === next.mcp.port ? [] : [gatewayOpens]),
      ...sections.flatMap((name) => sectionChange(name, before, next) ?? []),
    ],
    apply: async (before, next) => {
      const rooms = parts();
      const changes = serviceChanges(rooms, before, next);
      const token = begin('[auth]', rooms.token.change(next.auth));
      // The dashboard is started with what opens the events.
      await token.done.catch(() => {});
      const isElsewhere = before.mcp.port !== next.mcp.port;
      const moved = isElsewhere ? [begin('[mcp]', rooms.gateway.moveTo(next.mcp.port))] : [];
      // And with where they are.
      await Promise.allSettled(moved.map(({ done }) => done));
      const services = await rooms.fleet.apply(changes);
      const others = sections.map((name) =>
        begin(`[${name}]`, applySection(rooms, name, before, next)),
      );
      rooms.onApplied();
      return [
        ...services.map(({ change, done }) => ({ service: change.service, done })),
        token,
        ...moved,
        ...others,
      ];
    },
  };
}

function serviceChanges(
  { token }: ConfiguredParts,
  before: Config,
  next: Config,
): readonly PlannedChange[] {
  const names = ['mcp', 'dashboard', 'interactive_terminal', 'fallback_api'];
  const own = next.servers.map(({ name }) => name);
  return planChanges(
    servicePlans(before, token.of(before.auth)),
    servicePlans(next, token.of(next.auth)),
    (name) => names.includes(name) || own.includes(name),
  );
}

function told({ service, action, reason }: PlannedChange): ConfigChange {
  return { service, action, reason };
}

function sectionChange(name: SectionName, before: Config, next: Config): ConfigChange | null {
  const keys = changedKeys(keysOf(before[name]), keysOf(next[name])).filter(
    (key) => !restartKeys.includes(`${name}.${key}`),
  );
  if (keys.length === 0) return null;
  return { service: `[${name}]`, action: 'update', reason: `changed: ${keys.join(', ')}` };
}

/** Of a section that is a list, the list is the one key. */
function keysOf(section: object): Readonly<Record<string, unknown>> {
  return Array.isArray(section) ? { blocks: section } : (section as Record<string, unknown>);
}

async function applySection(
  { events, gateway, setLogLevel }: ConfiguredParts,
  name: SectionName,
  before: Config,
  next: Config,
): Promise<void> {
  if (name === 'supervisor' && before.supervisor.log_level !== next.supervisor.log_level) {
    setLogLevel(next.supervisor.log_level);
  }
  if (name === 'events') events.apply(next.events);
  if (name === 'proxy') gateway.routesChanged();
}

function begin(service: string, done: Promise<void>): BegunChange {
  // Whoever wants to know asks later.
  done.catch(() => {});
  return { service, done };
}
