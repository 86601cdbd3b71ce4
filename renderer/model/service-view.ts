/** What the page derives from a service's status: tone, possible actions, rows, changes. */
import { assertNever } from '../../shared/assert-never.ts';
import type {
  Health,
  InstanceStatus,
  ServiceState,
  ServiceStatus,
  SourceStatus,
  StatusSnapshot,
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
      ? snapshot.instances.map(
          (instance): ServiceTableRow => ({
            kind: 'instance',
            service: instance,
          }),
        )
      : []),
  ]);
}

/** The address worth opening in a browser, if there is one: MCP endpoints show nothing there. */
export function browsableUrl(service: ServiceStatus): string | null {
  return service.kind === 'mcp_pool' || service.kind === 'mcp_instance' ? null : service.url;
}

/** The reason as a phrase of its own; empty where it only repeats the state's word. */
export function reasonText(reason: string, state: ServiceState): string {
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
