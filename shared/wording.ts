/**
 * The words that people read, in one place, so that tray, page, command line and logs say the same.
 */
import { assertNever } from './assert-never.ts';
import type { EventStats, Health, ServiceState, ServiceStatus, StatusSnapshot } from './status.ts';

/** Windows cuts a tray tooltip after 127 characters (NOTIFYICONDATAW.szTip). */
export const maxTooltipLength = 127;

type EventFacts = Pick<EventStats, 'enabled'> & {
  readonly subscribers: { readonly length: number };
};
type SnapshotFacts = Pick<StatusSnapshot, 'services' | 'config' | 'stopping'>;

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** The word beside the state icon. */
export function stateWord(state: ServiceState): string {
  switch (state) {
    case 'stopped':
      return 'Stopped';
    case 'starting':
      return 'Starting';
    case 'ready':
      return 'Running';
    case 'unhealthy':
      return 'Not answering';
    case 'stopping':
      return 'Stopping';
    case 'backing_off':
      return 'Restarting soon';
    case 'crash_loop':
      return 'Crash loop';
    case 'failed':
      return 'Failed';
    default:
      return assertNever(state);
  }
}

/** The indicator of the status window: `Events: ● Active (3 subscribers)`. */
export function eventsIndicator(events: EventFacts): string {
  if (!events.enabled) return 'Events: ○ Disabled';
  if (events.subscribers.length === 0) return 'Events: ○ No subscribers';
  return `Events: ● Active (${count(events.subscribers.length, 'subscriber')})`;
}

/** The last line of the tray tooltip: `Events: ● 3 subscribers`. */
export function eventsTooltipLine(events: EventFacts): string {
  if (!events.enabled) return 'Events: ○ disabled';
  return `Events: ● ${count(events.subscribers.length, 'subscriber')}`;
}

/** A service that somebody expects to run: one on demand may rest. */
export function isExpected(service: Pick<ServiceStatus, 'onDemand' | 'state'>): boolean {
  return !(service.onDemand && service.state === 'stopped');
}

/** Overall health: an on-demand service that is stopped is fine. */
export function overallHealth({ services, config, stopping }: SnapshotFacts): Health {
  if (config.running === 'none') return 'failed';
  const states = services.filter(isExpected).map((service) => service.state);
  if (states.some((state) => state === 'failed' || state === 'crash_loop')) return 'failed';
  if (states.some((state) => state === 'unhealthy' || state === 'backing_off')) return 'degraded';
  if (config.running === 'last_good') return 'degraded';
  if (stopping || states.some((state) => state === 'starting' || state === 'stopping'))
    return 'busy';
  return 'healthy';
}

/** One sentence about everything: `2 of 3 running. Dashboard: crash loop.` */
export function overallSentence(snapshot: SnapshotFacts): string {
  const { services, config, stopping } = snapshot;
  if (stopping) return 'Stopping.';
  if (config.running === 'none') return 'The configuration has errors; no service runs.';
  const expected = services.filter(isExpected);
  const running = expected.filter((service) => service.state === 'ready');
  const others = expected.filter((service) => service.state !== 'ready');
  const head =
    others.length === 0
      ? `${running.length > 1 ? 'All ' : ''}${count(running.length, 'service')} running.`
      : `${running.length} of ${expected.length} running.`;
  const tail = others.map(
    (service) => ` ${service.displayName}: ${stateWord(service.state).toLowerCase()}.`,
  );
  const note = config.running === 'last_good' ? ' The configuration file has errors.' : '';
  return (expected.length === 0 ? 'No service is enabled.' : head + tail.join('')) + note;
}

/** The tray tooltip. The sentence is cut where it must be, the events line never (old weakness W34). */
export function trayTooltip(snapshot: SnapshotFacts & { readonly events: EventFacts }): string {
  const last = eventsTooltipLine(snapshot.events);
  const first = `Project Memory Supervisor\n${overallSentence(snapshot)}`;
  const room = maxTooltipLength - last.length - 1;
  // Half of a character outside the basic plane would be drawn as a box.
  const kept = first.slice(0, room - 1).replace(/[\ud800-\udbff]$/, '');
  const cut = first.length > room ? `${kept}…` : first;
  return `${cut}\n${last}`;
}

const displayNames: Readonly<Record<string, string>> = {
  mcp: 'MCP',
  dashboard: 'Dashboard',
  interactive_terminal: 'Interactive Terminal',
  fallback_api: 'Fallback API',
};

/** `mcp` → `MCP`, `my-search` → `My Search`. */
export function displayName(name: string): string {
  const known = displayNames[name];
  if (known !== undefined) return known;
  return name
    .split(/[-_ ]+/)
    .filter((word) => word !== '')
    .map((word) => word.replace(/^./u, (letter) => letter.toUpperCase()))
    .join(' ');
}
