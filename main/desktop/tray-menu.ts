/** The tray menu as plain data: state in, menu out. What an item does is named, not done, here. */
import type { RequestOf } from '../../shared/control-protocol.ts';
import type { ServiceState, ServiceStatus, StatusSnapshot } from '../../shared/status.ts';
import { eventsTooltipLine, overallSentence, stateWord } from '../../shared/wording.ts';

/** What choosing an item asks for. */
export type TrayAction =
  | { readonly do: 'control'; readonly request: RequestOf<'Start' | 'Stop' | 'Restart'> }
  | { readonly do: 'open-window' }
  | { readonly do: 'edit-config' }
  | { readonly do: 'copy'; readonly text: string }
  | { readonly do: 'open-url'; readonly url: string }
  | { readonly do: 'quit' };

export type TrayItem =
  | { readonly kind: 'separator' }
  /** A line to read. */
  | { readonly kind: 'text'; readonly label: string }
  /** A line to choose; without an action it is greyed. */
  | { readonly kind: 'action'; readonly label: string; readonly action: TrayAction | null }
  | { readonly kind: 'submenu'; readonly label: string; readonly items: readonly TrayItem[] };

type MenuFacts = Pick<
  StatusSnapshot,
  'services' | 'config' | 'stopping' | 'events' | 'mcpUrl' | 'dashboardUrl'
>;

/** The whole menu. Items never come and go with the state, they are greyed: a hand finds them blindly. */
export function trayMenu(snapshot: MenuFacts): readonly TrayItem[] {
  const { services, mcpUrl, stopping } = snapshot;
  const dashboardUrl = runningDashboard(snapshot);
  return [
    { kind: 'text', label: overallSentence(snapshot) },
    { kind: 'text', label: eventsTooltipLine(snapshot.events) },
    { kind: 'separator' },
    ...services.map((service) => serviceMenu(service, stopping)),
    ...(services.length > 0 ? [{ kind: 'separator' } as const] : []),
    { kind: 'action', label: 'Open Status Window', action: { do: 'open-window' } },
    { kind: 'action', label: 'Edit Config', action: { do: 'edit-config' } },
    {
      kind: 'action',
      label: 'Copy MCP URL',
      action: mcpUrl === null ? null : { do: 'copy', text: mcpUrl },
    },
    {
      kind: 'action',
      label: 'Open Dashboard',
      action: dashboardUrl === null ? null : { do: 'open-url', url: dashboardUrl },
    },
    { kind: 'separator' },
    { kind: 'action', label: 'Quit', action: { do: 'quit' } },
  ];
}

function serviceMenu(service: ServiceStatus, stopping: boolean): TrayItem {
  const item = (type: 'Restart' | 'Start' | 'Stop', sensible: boolean): TrayItem => ({
    kind: 'action',
    label: type,
    action:
      sensible && !stopping
        ? { do: 'control', request: { type, service: service.name } as const }
        : null,
  });
  const { state } = service;
  return {
    kind: 'submenu',
    label: `${service.displayName} — ${stateWord(state)}`,
    items: [
      item('Restart', canRestart(state)),
      item('Start', canStart(state)),
      item('Stop', canStop(state)),
    ],
  };
}

/** Restart also means "try again now" for what waits or has given up. */
function canRestart(state: ServiceState): boolean {
  return state !== 'stopped' && state !== 'stopping';
}

function canStart(state: ServiceState): boolean {
  return state === 'stopped' || state === 'failed';
}

function canStop(state: ServiceState): boolean {
  return state !== 'stopped' && state !== 'stopping' && state !== 'failed';
}

function runningDashboard({ services, dashboardUrl }: MenuFacts): string | null {
  const runs = services.some((each) => each.kind === 'dashboard' && each.state === 'ready');
  return runs ? dashboardUrl : null;
}
