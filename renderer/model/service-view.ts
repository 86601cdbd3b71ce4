/** What the page derives from a service's status: tone, possible actions, rows, changes. */
import { assertNever } from '../../shared/assert-never.ts';
import {
  type Health,
  type InstanceStatus,
  type ServiceKind,
  type ServiceState,
  type ServiceStatus,
  type SourceStatus,
  type StatusSnapshot,
  serviceStates,
} from '../../shared/status.ts';
import { stateWord } from '../../shared/wording.ts';

/** The colour family of a state. Never the only sign: each state has a shape and a word of its own. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';

export function stateTone(state: ServiceState): Tone {
  switch (state) {
    case 'ready':
      return 'good';
    case 'starting':
    case 'stopping':
      return 'busy';
    case 'unhealthy':
    case 'backing_off':
      return 'warn';
    case 'crash_loop':
    case 'failed':
      return 'bad';
    case 'stopped':
      return 'idle';
    default:
      return assertNever(state);
  }
}

export const healthTones: Readonly<Record<Health, Tone>> = {
  healthy: 'good',
  busy: 'busy',
  degraded: 'warn',
  failed: 'bad',
};

export const sourceTones: Readonly<Record<SourceStatus['state'], Tone>> = {
  connected: 'good',
  connecting: 'busy',
  waiting: 'warn',
  idle: 'idle',
};

export const sourceWords: Readonly<Record<SourceStatus['state'], string>> = {
  connected: 'Connected',
  connecting: 'Connecting',
  waiting: 'Waiting',
  idle: 'Idle',
};

export const kindWords: Readonly<Record<ServiceKind, string>> = {
  mcp_pool: 'Pool of MCP servers',
  mcp_instance: 'MCP server of a pool',
  dashboard: 'Dashboard',
  interactive_terminal: 'Terminal',
  fallback_api: 'Fallback API',
  server: 'Server',
};

/** A newer supervisor may know more states than this page. */
export function isServiceState(state: string): state is ServiceState {
  return (serviceStates as readonly string[]).includes(state);
}

export const serviceActions = ['Start', 'Stop', 'Restart'] as const;
export type ServiceAction = (typeof serviceActions)[number];

const sensibleActions: Readonly<Record<ServiceState, readonly ServiceAction[]>> = {
  stopped: ['Start'],
  starting: ['Stop', 'Restart'],
  ready: ['Stop', 'Restart'],
  unhealthy: ['Stop', 'Restart'],
  stopping: [],
  // Start means: try now. Stop means: try no more.
  backing_off: ['Start', 'Stop'],
  crash_loop: ['Start', 'Stop'],
  failed: ['Start'],
};

/** Whether an action would change anything in this state. */
export function isSensible(action: ServiceAction, state: ServiceState): boolean {
  return sensibleActions[state].includes(action);
}

/** A row of the services table; an instance stands under its pool. */
export type ServiceTableRow =
  | { readonly kind: 'service'; readonly service: ServiceStatus }
  | { readonly kind: 'instance'; readonly service: InstanceStatus };

export function serviceRows(
  snapshot: Pick<StatusSnapshot, 'services' | 'instances'>,
): readonly ServiceTableRow[] {
  return snapshot.services.flatMap((service): ServiceTableRow[] => [
    { kind: 'service', service },
    ...(service.kind === 'mcp_pool'
      ? snapshot.instances
          .filter(({ server }) => server === service.name)
          .map((instance): ServiceTableRow => ({ kind: 'instance', service: instance }))
      : []),
  ]);
}

/** The service or instance of this name. */
export function findService(
  { services, instances }: Pick<StatusSnapshot, 'services' | 'instances'>,
  name: string,
): ServiceStatus | undefined {
  return [...services, ...instances].find((each) => each.name === name);
}

/** The services that print something: a pool prints nothing itself, its instances do. */
export function printingServices(
  snapshot: Pick<StatusSnapshot, 'services' | 'instances'>,
): readonly ServiceStatus[] {
  return serviceRows(snapshot).flatMap(({ service }) =>
    service.kind === 'mcp_pool' ? [] : [service],
  );
}

/** The address worth opening in a browser, if there is one: MCP endpoints show nothing there. */
export function browsableUrl(service: ServiceStatus): string | null {
  return service.kind === 'mcp_pool' || service.kind === 'mcp_instance' ? null : service.url;
}

/** Since when it has been running, ISO 8601; null while it does not. */
export function runningSince({ state, since, startedAt }: ServiceStatus): string | null {
  if (state !== 'ready' && state !== 'unhealthy') return null;
  // The process began before its first good answer; without a measurement the state has to do.
  return startedAt ?? (state === 'ready' ? since : null);
}

/** Whether a service is what somebody searches: by its names and by its state. */
export function matchesService(
  { name, displayName, state }: ServiceStatus,
  wanted: string,
): boolean {
  const found = `${name} ${displayName} ${stateWord(state)}`.toLowerCase();
  return found.includes(wanted.trim().toLowerCase());
}

/** The reason as a phrase of its own; empty where it only repeats the state's word. */
export function reasonText(reason: string, state: ServiceState): string {
  if (reason === 'by hand') return state === 'starting' ? 'Started by hand' : 'Stopped by hand';
  const phrase = reason.charAt(0).toUpperCase() + reason.slice(1);
  return phrase === stateWord(state) ? '' : phrase;
}

/** The state changes between two snapshots, by service: `Dashboard: crash loop`. */
export function stateChanges(
  before: readonly ServiceStatus[],
  after: readonly ServiceStatus[],
): ReadonlyMap<string, string> {
  const states = new Map(before.map((service) => [service.name, service.state]));
  return new Map(
    after
      .filter(({ name, state }) => states.has(name) && states.get(name) !== state)
      .map(({ name, displayName, state }) => [
        name,
        `${displayName}: ${stateWord(state).toLowerCase()}`,
      ]),
  );
}
