// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, expect, test } from 'vitest';
import { App } from './app.tsx';
import { createFakeBridge } from './fixtures/fake-bridge.ts';
import { serviceFixture } from './fixtures/services.ts';
import { draw, goTo, showApp } from './fixtures/show-app.tsx';
import { eventFixtures, eventStatsFixture, snapshotFixture } from './fixtures/snapshot.ts';

afterEach(() => {
  cleanup();
  location.hash = '';
});

const now = Date.now();

async function press(name: string | RegExp): Promise<void> {
  await draw(() => fireEvent.click(screen.getByRole('button', { name })));
}

function eventIds(): number[] {
  const list = screen.getByRole('list', { name: 'Events, newest first' });
  return within(list)
    .getAllByRole('listitem')
    .map((item) => Number(item.querySelector('summary')?.children[0]?.textContent));
}

test('the header says in one sentence how everything is', async () => {
  await showApp();
  expect(
    screen.getByText(
      '1 of 5 running. Dashboard: restarting soon. Search: crash loop. Notes: failed. Indexer: not answering. The configuration file has errors.',
    ),
  ).toBeTruthy();
});

test.each([
  [0, 'Events: ○ No subscribers'],
  [1, 'Events: ● Active (1 subscriber)'],
  [3, 'Events: ● Active (3 subscribers)'],
])('with %i subscribers the indicator reads "%s"', async (subscribers, indicator) => {
  await showApp({ events: eventStatsFixture(subscribers, now) });
  expect(screen.getByText(indicator)).toBeTruthy();
});

test('with the channel switched off the indicator says so and no test event can be sent', async () => {
  const bridge = await showApp({ events: { ...eventStatsFixture(0, now), enabled: false } });
  await goTo('#/events');
  expect(screen.getByText('Events: ○ Disabled')).toBeTruthy();
  await press('Send test event');
  expect(bridge.requests).toEqual([]);
});

test('a service can be restarted, stopped and started, where that makes sense', async () => {
  const bridge = await showApp();
  await press('Restart MCP');
  await press('Stop MCP');
  await press('Start Dashboard');
  await press('Restart MCP instance 1');
  expect(bridge.requests).toEqual([
    { type: 'Restart', service: 'mcp' },
    { type: 'Stop', service: 'mcp' },
    { type: 'Start', service: 'dashboard' },
    { type: 'Restart', service: 'mcp:1' },
  ]);
});

test('a pool is where clients reach it, not where one of its instances listens', async () => {
  const pool = serviceFixture({ name: 'mcp', displayName: 'MCP', kind: 'mcp_pool', port: 3460 });
  await showApp({ services: [pool], instances: [] });
  const row = screen.getByRole('row', { name: /^MCP/u });
  expect(row.textContent).toContain('127.0.0.1:3457/mcp');
  expect(row.textContent).not.toContain('pid');
});

test('an action that makes no sense now is disabled and sends nothing', async () => {
  const bridge = await showApp();
  const start = screen.getByRole('button', { name: 'Start MCP' });
  expect(start.getAttribute('aria-disabled')).toBe('true');
  await press('Start MCP');
  await press('Stop Notes');
  expect(bridge.requests).toEqual([]);
});

test('a refused request says why, in its row, until it is dismissed', async () => {
  const bridge = await showApp();
  bridge.reply = { ok: false, code: 'port_taken', error: 'Port 3459 is taken.', data: null };
  await press('Start Dashboard');
  expect(screen.getByRole('alert').textContent).toContain(
    'Start Dashboard failed. Port 3459 is taken.',
  );
  await press('Dismiss');
  expect(screen.queryByRole('alert')).toBeNull();
});

test('a service in back-off says why, how it ended and when it is tried again', async () => {
  await showApp();
  const row = screen.getByRole('row', { name: /^Dashboard/u });
  expect(row.textContent).toContain('Restarting soon');
  expect(row.textContent).toMatch(/exit 1, \d+ s ago/u);
  expect(row.textContent).toMatch(/Next try in \d+ s/u);
});

test('the dashboard opens in the system browser', async () => {
  const bridge = await showApp();
  await draw(() => fireEvent.click(screen.getByRole('link', { name: '127.0.0.1:3459' })));
  expect(bridge.opened).toEqual(['http://127.0.0.1:3459/']);
});

test('a session can be closed', async () => {
  const bridge = await showApp();
  await goTo('#/sessions');
  await press('Close the session of Visual Studio Code');
  expect(bridge.requests).toContainEqual({
    type: 'CloseMcpConnection',
    session_id: 'b84e9a1c-7f0e-4c21-8a34-0b9f6e2d4a22',
  });
});

test('without sessions the page tells how to connect a client', async () => {
  await showApp({ sessions: [] });
  await goTo('#/sessions');
  expect(
    screen.getByText('claude mcp add --transport http project-memory http://127.0.0.1:3457/mcp'),
  ).toBeTruthy();
});

test('configuration problems are shown with their place and with what runs instead', async () => {
  await showApp();
  expect(screen.getByText('supervisor.toml:14:8')).toBeTruthy();
  expect(screen.getByText(/The last good configuration runs instead/u)).toBeTruthy();
});

test('a notice asks for nothing: it stands in the diagnostics, and not above the services', async () => {
  const [notice] = snapshotFixture().config.problems.filter(
    ({ severity }) => severity === 'notice',
  );
  if (notice === undefined) throw new Error('no notice');
  const config = { ...snapshotFixture().config, running: 'file' as const, problems: [notice] };
  const bridge = await showApp({ config });
  expect(screen.queryByRole('region', { name: 'Configuration' })).toBeNull();
  bridge.reply = { ok: true, data: { checks: [] } };
  await goTo('#/diagnostics');
  const problems = screen.getByRole('region', { name: 'Configuration' });
  expect(problems.textContent).toContain('belongs to the old supervisor');
});

test('a test event can be sent and its id is told', async () => {
  const bridge = await showApp();
  await goTo('#/events');
  bridge.reply = { ok: true, data: { emitted: true, id: 48_212 } };
  await press('Send test event');
  expect(bridge.requests).toMatchObject([{ type: 'EmitTestEvent' }]);
  expect(screen.getByText('Sent as 48212')).toBeTruthy();
});

test('the event list shows each event once, newest first, and never more than 200', async () => {
  const bridge = await showApp({ recentEvents: eventFixtures(3, 10, now) });
  await goTo('#/events');
  expect(eventIds()).toEqual([12, 11, 10]);
  await draw(() => bridge.tellEvents(eventFixtures(4, 11, now)));
  await waitFor(() => expect(eventIds()).toEqual([14, 13, 12, 11, 10]));
  await draw(() => bridge.tellEvents(eventFixtures(1_000, 15, now)));
  await waitFor(() => expect(eventIds()[0]).toBe(1_014));
  // While it runs only those in sight are in the document.
  expect(eventIds()).toHaveLength(20);
  await press('Pause and show 180 earlier');
  expect(eventIds()).toHaveLength(200);
});

test('a paused list stands still and counts what it missed', async () => {
  const bridge = await showApp({ recentEvents: eventFixtures(3, 10, now) });
  await goTo('#/events');
  await press('Pause');
  await draw(() => bridge.tellEvents(eventFixtures(2, 13, now)));
  expect(eventIds()).toEqual([12, 11, 10]);
  expect(screen.getByText('Paused · 2 new')).toBeTruthy();
  await press('Resume');
  await waitFor(() => expect(eventIds()).toEqual([14, 13, 12, 11, 10]));
});

test('a list that somebody reads stands still: with the focus in it, or scrolled down', async () => {
  const bridge = await showApp({ recentEvents: eventFixtures(3, 10, now) });
  await goTo('#/events');
  const list = () => screen.getByRole('list', { name: 'Events, newest first' });
  await draw(() => list().querySelector('summary')?.focus());
  await draw(() => bridge.tellEvents(eventFixtures(2, 13, now)));
  expect(screen.getByText('Paused · 2 new')).toBeTruthy();
  expect(eventIds()).toEqual([12, 11, 10]);
  await press('Resume');
  await waitFor(() => expect(eventIds()).toHaveLength(5));

  const scroller = list().parentElement;
  if (scroller === null) throw new Error('the list has no box to scroll in');
  scroller.scrollTop = 40;
  await draw(() => fireEvent.scroll(scroller));
  expect(screen.getByText('Paused · 0 new')).toBeTruthy();
});

test('the rest of a flood is shown on request, and the keyboard stays where it was', async () => {
  await showApp({ recentEvents: eventFixtures(60, 10, now) });
  await goTo('#/events');
  expect(eventIds()).toHaveLength(20);
  const more = screen.getByRole('button', { name: 'Pause and show 40 earlier' });
  more.focus();
  await draw(() => fireEvent.click(more));
  expect(eventIds()).toHaveLength(60);
  expect(document.activeElement?.textContent).toBe('Live');
});

test('the supervisor is shut down only after a question', async () => {
  const bridge = await showApp();
  await press('Shut down');
  expect(bridge.requests).toEqual([]);
  const dialog = screen.getByRole('dialog');
  await draw(() => fireEvent.click(within(dialog).getByRole('button', { name: 'Shut down' })));
  expect(bridge.requests).toEqual([{ type: 'ShutdownSupervisor' }]);
});

test('a page without a token says what to do, calmly, and can try again', async () => {
  const bridge = createFakeBridge();
  render(<App bridge={bridge} />);
  await draw(() => bridge.tellConnection('unauthorized'));
  expect(screen.getByRole('heading', { name: 'This page needs its token' })).toBeTruthy();
  await press('Try again');
  expect(bridge.reconnects).toHaveLength(1);
});

test('when the connection is lost the data stays, marked as old, until it is back', async () => {
  const bridge = await showApp();
  await draw(() => bridge.tellConnection('lost'));
  expect(screen.getByText(/Connection to the supervisor lost, trying again…/u)).toBeTruthy();
  expect(
    screen.getByRole('row', { name: /^MCP 2 instances.* Running/u }).closest('[data-stale]'),
  ).toBeTruthy();
  await draw(() => bridge.tellConnection('live'));
  expect(screen.queryByText(/Connection to the supervisor lost/u)).toBeNull();
});

test('a change of state is told to screen readers', async () => {
  const services = [serviceFixture({ name: 'search', displayName: 'Search' }, now)];
  const bridge = await showApp({ services, instances: [] });
  const failed = services.map((service) => ({ ...service, state: 'failed' as const }));
  await draw(() => bridge.tellSnapshot(snapshotFixture({ services: failed, instances: [] }, now)));
  expect(screen.getByTestId('announcer').textContent).toBe('Search: failed.');
});
