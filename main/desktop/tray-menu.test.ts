import { expect, test } from 'vitest';
import { type ServiceState, serviceStates } from '../../shared/status.ts';
import { eventsTooltipLine, overallSentence, trayTooltip } from '../../shared/wording.ts';
import { serviceIn, snapshotOf } from './fixtures.ts';
import { type TrayItem, trayMenu } from './tray-menu.ts';

function labels(items: readonly TrayItem[]): string[] {
  return items.map((item) => (item.kind === 'separator' ? '—' : item.label));
}

/** The labels of what can be chosen in the only service's submenu. */
function choices(state: ServiceState, stopping = false): string[] {
  const items = trayMenu(snapshotOf([serviceIn(state)], { stopping }));
  const submenu = items.find((item) => item.kind === 'submenu');
  return (submenu?.items ?? []).flatMap((item) =>
    item.kind === 'action' && item.action !== null ? [item.label] : [],
  );
}

function action(items: readonly TrayItem[], label: string) {
  const found = items.find((item) => item.kind === 'action' && item.label === label);
  return found?.kind === 'action' ? found.action : undefined;
}

test('the menu says first what the tooltip says, then lists each service with its state', () => {
  const snapshot = snapshotOf([serviceIn('ready'), serviceIn('crash_loop', 'dashboard')]);
  const menu = labels(trayMenu(snapshot));
  expect(menu).toEqual([
    overallSentence(snapshot),
    eventsTooltipLine(snapshot.events),
    '—',
    'MCP — Running',
    'Dashboard — Crash loop',
    '—',
    'Open Status Window',
    'Edit Config',
    'Copy MCP URL',
    'Open Dashboard',
    '—',
    'Quit',
  ]);
  expect(trayTooltip(snapshot)).toContain(`${menu[0]}\n${menu[1]}`);
});

test('a service offers what makes sense in its state', () => {
  expect(Object.fromEntries(serviceStates.map((state) => [state, choices(state)]))).toEqual({
    stopped: ['Start'],
    starting: ['Restart', 'Stop'],
    ready: ['Restart', 'Stop'],
    unhealthy: ['Restart', 'Stop'],
    stopping: [],
    backing_off: ['Restart', 'Stop'],
    crash_loop: ['Restart', 'Stop'],
    failed: ['Restart', 'Start'],
  });
});

test('nothing is offered while the supervisor stops, but the items stay where they are', () => {
  expect(choices('ready', true)).toEqual([]);
  const running = trayMenu(snapshotOf([serviceIn('ready')]));
  const stopping = trayMenu(snapshotOf([serviceIn('ready')], { stopping: true }));
  expect(labels(stopping).slice(1)).toEqual(labels(running).slice(1));
});

test('the MCP URL can be copied and the dashboard opened only while they are there', () => {
  const running = trayMenu(snapshotOf([serviceIn('ready', 'dashboard')]));
  expect(action(running, 'Copy MCP URL')).toEqual({
    do: 'copy',
    text: 'http://127.0.0.1:3457/mcp',
  });
  expect(action(running, 'Open Dashboard')).toEqual({
    do: 'open-url',
    url: 'http://127.0.0.1:3459',
  });
  const broken = trayMenu(snapshotOf([serviceIn('backing_off', 'dashboard')], { mcpUrl: null }));
  expect(action(broken, 'Copy MCP URL')).toBeNull();
  expect(action(broken, 'Open Dashboard')).toBeNull();
});

test('with no service enabled there is still a way in and a way out', () => {
  const menu = trayMenu(snapshotOf([]));
  expect(action(menu, 'Open Status Window')).toEqual({ do: 'open-window' });
  expect(action(menu, 'Quit')).toEqual({ do: 'quit' });
});
