/** Each verb answers in its documented shape (old weaknesses W19: stubs, W21: answers that disagree). */
import { expect, test } from 'vitest';
import { requestSchemas } from '../../../shared/control-protocol.ts';
import {
  instanceFixture,
  noon,
  serviceFixture,
  sessionFixture,
  snapshotFixture,
} from '../../../shared/status.test-helper.ts';
import { serviceStates } from '../../../shared/status.ts';
import { freshCommands } from './commands.test-helper.ts';
import { noonSeconds } from './control.test-helper.ts';

const rig = freshCommands();
const { dispatch, dataOf, codeOf } = rig;

const instance = instanceFixture();

const session = sessionFixture();

test('Status lists services by name, each state in the old words', async () => {
  const names = ['zeta', 'alpha', 'mcp', 'delta', 'beta', 'omega', 'gamma', 'kappa'];
  const services = serviceStates.map((state, index) => serviceFixture(names[index] ?? '', state));
  rig.target.current = snapshotFixture({ services });
  const old = { ready: 'running', stopped: 'stopped', starting: 'starting', stopping: 'stopping' };
  const expected = services
    .map(({ name, state, reason }) => ({
      name,
      status: state in old ? old[state as keyof typeof old] : { error: reason },
      pid: null,
      last_error: null,
      last_health: null,
    }))
    .sort((one, other) => one.name.localeCompare(other.name));
  expect(serviceStates).toHaveLength(8);
  expect(await dataOf('Status')).toEqual(expected);
});

test('Status tells process ids, the last error, and the last good probe in Unix seconds', async () => {
  const given = { pid: 4711, lastHealthyAt: '2026-01-01T12:00:00.999Z', lastError: 'it fell' };
  rig.target.current = snapshotFixture({ services: [serviceFixture('mcp', 'ready', given)] });
  expect(await dataOf('Status')).toEqual([
    { name: 'mcp', status: 'running', pid: 4711, last_error: 'it fell', last_health: noonSeconds },
  ]);
});

test('ServiceHealth and Status say the same of a service, instances included', async () => {
  const given = { lastHealthyAt: noon, lastError: 'no answer' };
  const services = [serviceFixture('dashboard', 'unhealthy', given)];
  rig.target.current = snapshotFixture({ services, instances: [instance] });
  const [status] = (await dataOf('Status')) as [{ status: object }];
  expect(await dataOf('ServiceHealth', { service: 'dashboard' })).toEqual({
    service: 'dashboard',
    name: 'dashboard',
    state: status.status,
    last_health: noonSeconds,
    last_error: 'no answer',
    backend: 'node',
  });
  expect(await dataOf('ServiceHealth', { service: 'mcp:1' })).toMatchObject({ state: 'running' });
  expect(await dataOf('ServiceHealth', { service: 'Dashboard' })).toMatchObject({
    name: 'dashboard',
  });
});

test('Start, Stop and Restart do it and say so; old clients may say "terminal"', async () => {
  const services = [
    serviceFixture('interactive_terminal', 'stopped'),
    serviceFixture('mcp', 'ready'),
  ];
  rig.target.current = snapshotFixture({ services });
  expect(await dataOf('Start', { service: 'terminal' })).toEqual({
    service: 'terminal',
    status: 'starting',
  });
  expect(await dataOf('Stop', { service: 'mcp' })).toEqual({ service: 'mcp', status: 'stopping' });
  expect(await dataOf('Restart', { service: 'mcp' })).toEqual({
    service: 'mcp',
    status: 'starting',
  });
  expect(rig.target.asked).toEqual(['start interactive_terminal', 'stop mcp', 'restart mcp']);
});

test('a service that does not exist is refused by every verb that names one', async () => {
  for (const type of ['Start', 'Stop', 'Restart', 'StateEvents', 'ServiceHealth'] as const) {
    expect(await codeOf(type, { service: 'cli_mcp' }), type).toBe('unknown_service');
    expect(await codeOf(type, { service: '' }), type).toBe('bad_request');
  }
  expect(rig.target.asked).toEqual([]);
});

test('StateEvents gives the newest transitions, fifty unless asked for another number', async () => {
  rig.target.transitions = Array.from({ length: 120 }, (_, index) => ({
    service: 'mcp',
    from: 'starting',
    to: 'ready',
    reason: `time ${index}`,
    at: noon,
  }));
  const all = (await dataOf('StateEvents', { service: 'mcp' })) as { reason: string }[];
  expect(all).toHaveLength(50);
  expect(all.at(-1)).toEqual({
    service: 'mcp',
    old_state: 'starting',
    new_state: 'ready',
    reason: 'time 119',
    timestamp: noonSeconds,
    exit: null,
  });
  expect(await dataOf('StateEvents', { service: 'mcp', limit: 1 })).toHaveLength(1);
  expect(await codeOf('StateEvents', { service: 'mcp', limit: 201 })).toBe('bad_request');
});

test('ListMcpInstances and ListMcpConnections tell what the pool has', async () => {
  rig.target.current = snapshotFixture({ instances: [instance], sessions: [session] });
  expect(await dataOf('ListMcpInstances')).toEqual([
    { port: 3460, connection_count: 2, name: 'mcp:1', state: 'ready', pid: 77, server: 'mcp' },
  ]);
  expect(await dataOf('ListMcpConnections')).toEqual([
    {
      session_id: 's-1',
      transport_type: 'streamable-http',
      connected_at: noon,
      last_activity: '2026-01-01T12:05:00.000Z',
      call_count: 12,
      linked_client_id: null,
      instance_port: 3460,
      client_type: 'claude-code',
      workspace_id: 'w-1',
      calls_by_tool: { plan: 12 },
      error_count: 1,
      in_flight: 0,
      streams: 1,
      bytes_in: 1,
      bytes_out: 2,
      moves: 0,
      principal: 'laptop',
      user_agent: 'node',
      client_pid: 4711,
      roots: ['file:///w'],
      server: 'mcp',
    },
  ]);
});

test('ScaleUpMcp and UpgradeMcp mean the main pool, unless they name another server', async () => {
  expect(await dataOf('ScaleUpMcp')).toEqual({ scale_up: 'requested' });
  expect(await dataOf('ScaleUpMcp', { service: 'search' })).toEqual({ scale_up: 'requested' });
  expect(await dataOf('UpgradeMcp')).toEqual({ upgrade: 'initiated', service: 'mcp' });
  expect(await dataOf('UpgradeMcp', { service: 'search' })).toMatchObject({ service: 'search' });
  expect(rig.target.asked).toEqual([
    'scale up mcp',
    'scale up search',
    'upgrade mcp',
    'upgrade search',
  ]);
});

test('CloseMcpConnection closes the session that it names, or says that there is none', async () => {
  const closed: string[] = [];
  rig.target.close = (id) => Promise.resolve(id === 's-1' && closed.push(id) > 0);
  expect(await dataOf('CloseMcpConnection', { session_id: 's-1' })).toEqual({
    closed: true,
    session_id: 's-1',
  });
  expect(await dispatch({ type: 'CloseMcpConnection', session_id: 's-2' })).toMatchObject({
    ok: false,
    code: 'session_not_found',
    error: 'session not found: s-2',
  });
  expect(closed).toEqual(['s-1']);
});

test('SubscribeEvents and EventStats tell the truth about the channel, switched off too', async () => {
  const { events } = rig.target.current;
  expect(await dataOf('SubscribeEvents')).toEqual({
    events_url: events.url,
    note: expect.any(String),
  });
  expect(await dataOf('EventStats')).toMatchObject({
    enabled: true,
    subscriber_count: 0,
    events_emitted: 7,
    events_url: events.url,
    lagged: 2,
    deduplicated: 3,
    delivered: 21,
    replayed: 4,
    last_id: 99,
  });
  rig.target.current = snapshotFixture({ events: { ...events, enabled: false } });
  expect(await dataOf('SubscribeEvents')).toMatchObject({ events_url: null });
  expect(await dataOf('EventStats')).toMatchObject({ enabled: false });
  expect(await codeOf('EmitTestEvent', { message: 'hello' })).toBe('events_disabled');
});

test('EmitTestEvent publishes the message and tells its id', async () => {
  expect(await dataOf('EmitTestEvent', { message: 'hello' })).toEqual({ emitted: true, id: 100 });
  expect(rig.target.asked).toEqual(['emit hello']);
});

test('SetEventsEnabled switches the channel and says how it is now', async () => {
  expect(await dataOf('SetEventsEnabled', { enabled: false })).toEqual({ enabled: false });
  expect(await dataOf('SetEventsEnabled', { enabled: true })).toEqual({ enabled: true });
  expect(rig.target.asked).toEqual(['events off', 'events on']);
  expect(await codeOf('SetEventsEnabled', { enabled: 'yes' })).toBe('bad_request');
});

test('WhoAmI introduces the supervisor, and names every verb that works', async () => {
  const request = { request_id: 'r1', client: 'vscode', client_version: '1.9' };
  expect(await dataOf('WhoAmI', request)).toEqual({
    message: 'WhoAmI received',
    ...request,
    server_name: 'project-memory-supervisor',
    server_version: '1.2.3',
    instance_id: 'abc123',
    protocol_version: '2.0',
    pid: 4242,
    mode: 'desktop',
    capabilities: Object.keys(requestSchemas),
    page_url: 'http://127.0.0.1:3464/',
  });
  expect(await dataOf('WhoAmI')).toMatchObject({ client: null, client_version: null });
  expect(await dataOf('WhoAmI')).not.toHaveProperty('request_id');
});

test('the window is shown and hidden; without a desktop nobody claims that it is shown', async () => {
  const ask = (visible: boolean) => dispatch({ type: 'SetHealthWindowVisibility', visible });
  expect(await ask(true)).toMatchObject({ data: { health_window_visible: true } });
  expect(await ask(false)).toMatchObject({ data: { health_window_visible: false } });
  expect(rig.target.asked).toEqual(['show', 'hide']);
  rig.target.mode = 'headless';
  expect(await ask(true)).toMatchObject({
    code: 'unsupported',
    error: expect.stringContaining(':3464'),
  });
  expect(await ask(false)).toMatchObject({ data: { health_window_visible: false } });
});

test('Logs gives the newest 200 lines, or those from a number on, and ProcessTree the processes', async () => {
  const page = { service: 'dashboard', lines: [{ seq: 7, stream: 'stderr' }], next: 8, dropped: 0 };
  expect(await dataOf('Logs', { service: 'dashboard' })).toMatchObject(page);
  await dataOf('Logs', { service: 'dashboard', lines: 5, since: 8 });
  expect(await dataOf('ProcessTree', { service: 'dashboard' })).toEqual([]);
  expect(rig.target.asked).toEqual([
    'logs dashboard 200 newest',
    'logs dashboard 5 8',
    'process tree dashboard',
  ]);
});

test('Snapshot is what the page shows, and ShutdownSupervisor asks for the end', async () => {
  expect(await dataOf('Snapshot')).toEqual(rig.target.current);
  expect(await dataOf('ShutdownSupervisor')).toEqual({ shutdown: 'requested' });
  expect(rig.target.glances).toBe(1);
  expect(rig.target.asked).toEqual(['shut down']);
});
