// @vitest-environment happy-dom
import { cleanup, fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ControlRequest, Reply } from '../../shared/control-protocol.ts';
import { createFakeBridge } from '../fixtures/fake-bridge.ts';
import { ago } from '../fixtures/moment.ts';
import { instanceFixtures, serviceFixture } from '../fixtures/services.ts';
import { draw, goTo, showApp } from '../fixtures/show-app.tsx';
import { snapshotFixture } from '../fixtures/snapshot.ts';

const now = Date.now();

const answers: Partial<Record<ControlRequest['type'], unknown>> = {
  ProcessTree: [
    {
      pid: 70,
      parent: 1,
      command: 'node search.js',
      rssBytes: 48_000_000,
      cpuPercent: 3.25,
      startedAt: ago(now, 600),
    },
    {
      pid: 71,
      parent: 70,
      command: 'git cat-file --batch',
      rssBytes: 6_000_000,
      cpuPercent: 0,
      startedAt: ago(now, 60),
    },
  ],
  StateEvents: [
    {
      service: 'search',
      old_state: 'ready',
      new_state: 'backing_off',
      reason: 'ended by itself',
      timestamp: now / 1_000 - 700,
      exit: { code: 1, signal: null },
    },
    {
      service: 'search',
      old_state: 'starting',
      new_state: 'ready',
      reason: 'answers',
      timestamp: now / 1_000 - 600,
      exit: null,
    },
  ],
  Logs: { service: 'search', lines: [], next: 1, dropped: 0, file: null, problem: null },
};

function answer(request: ControlRequest): Reply {
  return { ok: true, data: answers[request.type] ?? {} };
}

const probe = {
  ready: 'GET http://127.0.0.1:8801/health',
  alive: 'GET http://127.0.0.1:8801/health',
  periodMs: 5_000,
  timeoutMs: 1_500,
  threshold: 3,
  startTimeoutMs: 30_000,
};

const search = serviceFixture(
  {
    name: 'search',
    displayName: 'Search',
    pid: 70,
    cpuPercent: 3.25,
    rssBytes: 48_000_000,
    processes: 2,
    startedAt: ago(now, 7_300),
    restarts: 2,
    probe,
    lastExit: { code: 1, signal: null, at: ago(now, 190) },
  },
  now,
);

beforeEach(() => {
  localStorage.clear();
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  location.hash = '';
});

const rowNames = () =>
  within(screen.getByRole('table'))
    .getAllByRole('rowheader')
    .map((head) => head.querySelector('a')?.textContent);

test('W34 a row says uptime, PID, restarts with the last exit, CPU and memory as text and as a line', async () => {
  await showApp({ services: [search], instances: [] });
  const row = screen.getByRole('row', { name: /^Search Running/u });
  expect(row.textContent).toContain('up 2 h');
  expect(row.textContent).toContain('2exit 1, 3 min ago');
  expect(row.textContent).toContain('pid 70 of 2');
  const cpu = within(row).getByRole('img', { name: /^CPU/u });
  expect(cpu.getAttribute('aria-label')).toBe('CPU in the last two minutes: 3.3 % to 3.3 %');
  expect(cpu.parentElement?.textContent).toBe('3.3 %');
  expect(within(row).getByRole('img', { name: /^Memory/u }).parentElement?.textContent).toBe(
    '48 MB',
  );
});

test('what the header shows of the supervisor itself is a dash until it was measured', async () => {
  const bridge = await showApp();
  const own = () => screen.getByText('Own CPU').parentElement?.textContent;
  expect(own()).toBe('Own CPU–');
  const self = { cpuPercent: 0.42, rssBytes: 81_000_000, eventLoopDelayMs: 1 };
  await draw(() => bridge.tellSnapshot(snapshotFixture({ self }, now)));
  expect(own()).toBe('Own CPU0.4 %');
  expect(screen.getByText('Own memory').parentElement?.textContent).toBe('Own memory81 MB');
});

test('a wait for the next try can be ended', async () => {
  const bridge = await showApp();
  const row = screen.getByRole('row', { name: /^Dashboard/u });
  await draw(() => fireEvent.click(within(row).getByRole('button', { name: /Retry now/u })));
  expect(bridge.requests).toEqual([{ type: 'Start', service: 'dashboard' }]);
});

test('each pool has its own instances under it, and folds them', async () => {
  const [one, two] = instanceFixtures(now);
  if (one === undefined || two === undefined) throw new Error('two instances');
  await showApp({
    services: [
      serviceFixture({ name: 'mcp', displayName: 'MCP', kind: 'mcp_pool' }),
      serviceFixture({ name: 'tools', displayName: 'Tools', kind: 'mcp_pool' }),
    ],
    instances: [one, { ...two, name: 'tools:1', server: 'tools', displayName: 'Tools instance 1' }],
  });
  expect(rowNames()).toEqual(['MCP', 'MCP instance 1', 'Tools', 'Tools instance 1']);
  const fold = screen.getByRole('button', { name: '1 instance of MCP' });
  expect(fold.getAttribute('aria-expanded')).toBe('true');
  await draw(() => fireEvent.click(fold));
  expect(rowNames()).toEqual(['MCP', 'Tools', 'Tools instance 1']);
  expect(fold.getAttribute('aria-expanded')).toBe('false');
});

test('services are found by name and by state, folded instances too', async () => {
  await showApp();
  await draw(() => fireEvent.click(screen.getByRole('button', { name: '2 instances of MCP' })));
  const field = screen.getByRole('searchbox', { name: 'Find a service' });
  await draw(() => fireEvent.change(field, { target: { value: 'instance 2' } }));
  expect(rowNames()).toEqual(['MCP instance 2']);
  await draw(() => fireEvent.change(field, { target: { value: 'crash' } }));
  expect(rowNames()).toEqual(['Search']);
  await draw(() => fireEvent.change(field, { target: { value: 'nothing like it' } }));
  expect(screen.getByText(/No service has “nothing like it”/u)).toBeTruthy();
});

test('the details of a service show its processes, its history and how it is', async () => {
  const bridge = createFakeBridge();
  bridge.reply = answer;
  await showApp({ services: [search], instances: [] }, bridge);
  await goTo('#/services/search');
  const drawer = await screen.findByRole('dialog', { name: 'Search' });
  const processes = await within(drawer).findByRole('table', { name: 'Processes of Search' });
  expect(
    within(processes)
      .getAllByRole('row')
      .slice(1)
      .map((row) => row.textContent),
  ).toEqual(['node search.js703.3 %48 MB10 min', 'git cat-file --batch710 %6.0 MB1 min']);
  const history = within(drawer).getByRole('list', { name: 'Changes of state, newest first' });
  const changes = within(history)
    .getAllByRole('listitem')
    .map((item) => item.textContent);
  expect(changes[0]).toMatch(/RunningAnswers$/u);
  expect(changes[1]).toMatch(/Restarting soonEnded by itself exit 1$/u);
  const fact = (name: string) => within(drawer).getByText(name).parentElement?.textContent;
  expect(fact('Last result')).toMatch(/Passed (?:just now|\d+ s ago)\./u);
  expect(fact('Ready when')).toBe(
    'Ready whenGET http://127.0.0.1:8801/health, within 30 s of its start',
  );
  expect(fact('Health check')).toBe(
    'Health checkGET http://127.0.0.1:8801/health every 5 s, to be answered within 1.5 s; restarted after 3 misses in a row',
  );
});

test('the details say what is run and where, and name the variables without their values', async () => {
  const program = {
    command: '/usr/bin/node',
    args: ['search.js', '--api-key', '[redacted]', '--title', 'my notes', ''],
    workingDir: '/srv/search',
    variables: ['API_KEY', 'PORT'],
  };
  const bridge = createFakeBridge();
  bridge.reply = answer;
  await showApp({ services: [{ ...search, program }], instances: [] }, bridge);
  await goTo('#/services/search');
  const drawer = await screen.findByRole('dialog', { name: 'Search' });
  const definition = (name: string) =>
    within(drawer).queryByText(name, { selector: 'dt' })?.nextElementSibling?.textContent;
  const command = '/usr/bin/node search.js --api-key [redacted] --title "my notes" ""';
  expect(definition('Command')).toBe(command);
  expect(definition('Working folder')).toBe('/srv/search');
  expect(definition('Environment')).toBe('API_KEY PORT; values are not shown');
  const bare = { ...program, workingDir: null, variables: [] };
  await draw(() =>
    bridge.tellSnapshot(snapshotFixture({ services: [{ ...search, program: bare }] })),
  );
  expect(definition('Working folder')).toBe('That of the supervisor.');
  expect(definition('Environment')).toMatch(/^Nothing is set for it/u);
  await draw(() =>
    bridge.tellSnapshot(snapshotFixture({ services: [{ ...search, program: null }] })),
  );
  expect(definition('Command')).toBeUndefined();
});

test('a service that is not asked says what it lives by, and one that never ran says nothing', async () => {
  const alive = { ...probe, ready: null, alive: null };
  const bridge = createFakeBridge();
  bridge.reply = answer;
  await showApp({ services: [{ ...search, probe: alive }], instances: [] }, bridge);
  await goTo('#/services/search');
  const drawer = await screen.findByRole('dialog', { name: 'Search' });
  expect(within(drawer).getByText('Its process runs.')).toBeTruthy();
  expect(within(drawer).getByText('None: it is up as long as its process runs.')).toBeTruthy();
  const snapshot = snapshotFixture({ services: [{ ...search, probe: null }], instances: [] });
  await draw(() => bridge.tellSnapshot(snapshot));
  expect(within(drawer).queryByText('Ready when')).toBeNull();
});

test('the details close with Esc, and the address says so', async () => {
  const bridge = createFakeBridge();
  bridge.reply = answer;
  await showApp({ services: [search], instances: [] }, bridge);
  await goTo('#/services/search');
  const drawer = await screen.findByRole<HTMLDialogElement>('dialog', { name: 'Search' });
  await draw(() => drawer.close());
  expect(location.hash).toBe('#/services');
});

test('details of a service that is gone say so', async () => {
  await showApp();
  await goTo('#/services/no%20such');
  const drawer = await screen.findByRole('dialog', { name: 'no such' });
  expect(drawer.textContent).toContain('There is no service of this name');
});

test('/ goes to the search and ? to the help, but not while somebody types', async () => {
  await showApp();
  const field = screen.getByRole('searchbox', { name: 'Find a service' });
  const helpIsOpen = () => screen.queryByRole('dialog', { name: 'Keyboard shortcuts' }) !== null;
  await draw(() => fireEvent.keyDown(document.body, { key: '/' }));
  expect(document.activeElement).toBe(field);
  await draw(() => fireEvent.keyDown(field, { key: '?' }));
  expect(helpIsOpen()).toBe(false);
  field.blur();
  await draw(() => fireEvent.keyDown(document.body, { key: '?' }));
  expect(helpIsOpen()).toBe(true);
});

test('W31 a mistake in one view leaves the header and the other views', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const services = [serviceFixture({ name: 'mcp', displayName: 'MCP', kind: 'mcp_pool' })];
  const instances = instanceFixtures(now).map((each) => ({ ...each, state: 'odd' as 'ready' }));
  await showApp({ services, instances });
  expect(screen.getByText(/This view made a mistake; everything else works on\./u)).toBeTruthy();
  expect(screen.getByText('1 service running.', { exact: false })).toBeTruthy();
  await goTo('#/events');
  expect(screen.queryByText(/This view made a mistake/u)).toBeNull();
});
