/** The verbs that were stubs, lied, or are new (old weaknesses W18, W19, W21). */
import { expect, test } from 'vitest';
import {
  instanceFixture,
  serviceFixture,
  snapshotFixture,
} from '../../../shared/status.test-helper.ts';
import type { ServiceStatus } from '../../../shared/status.ts';
import { freshCommands } from './commands.test-helper.ts';
import { noonSeconds } from './control.test-helper.ts';

const rig = freshCommands();
const { dispatch, dataOf, codeOf } = rig;

const instance = instanceFixture();

test('W19 verbs that cannot do what they say are refused with a sentence', async () => {
  for (const [type, fields] of [
    ['McpRuntimeExec', { payload: { runtime: { op: 'init' } }, timeout_ms: 5 }],
    ['SetMcpRuntimePolicy', { enabled: true }],
    ['SetDashboardVariant', { variant: 'solid' }],
  ] as const) {
    const reply = await dispatch({ type, ...fields });
    expect(reply, type).toMatchObject({ ok: false, code: 'unsupported' });
    expect(reply.ok ? '' : reply.error, type).toMatch(/\. \w.+\.$/);
  }
});

test('W19 SetBackend switches, and ServiceHealth tells how the instances run', async () => {
  expect(await dataOf('SetBackend', { backend: 'container' })).toEqual({
    active_backend: 'container',
  });
  expect(await dataOf('ServiceHealth', { service: 'mcp' })).toMatchObject({ backend: 'container' });
  expect(await dataOf('ServiceHealth', { service: 'dashboard' })).toMatchObject({
    backend: 'node',
  });
  expect(await codeOf('SetBackend', { backend: 'cloud' })).toBe('bad_request');
});

async function connectionState(...services: readonly ServiceStatus[]): Promise<string> {
  rig.target.current = snapshotFixture({ services });
  const data = (await dataOf('HealthSnapshot')) as { connection: { state: string } };
  return data.connection.state;
}

test('W21 HealthSnapshot: what rests because nobody needs it spoils nothing, and errors pass', async () => {
  const ready = serviceFixture('mcp', 'ready', { lastError: 'once, long ago' });
  const resting = serviceFixture('interactive_terminal', 'stopped', { onDemand: true });
  expect(await connectionState(ready, resting)).toBe('connected');
  expect(await connectionState(ready, serviceFixture('dashboard', 'starting'))).toBe(
    'reconnecting',
  );
  expect(await connectionState(ready, serviceFixture('dashboard', 'stopped'))).toBe('degraded');
  expect(await connectionState(ready, serviceFixture('dashboard', 'failed'))).toBe('degraded');
  expect(await connectionState(serviceFixture('mcp', 'stopped'), resting)).toBe('disconnected');
});

test('HealthSnapshot has the old shape, and each child says what Status says', async () => {
  const services = [
    serviceFixture('mcp', 'ready', { pid: 7 }),
    serviceFixture('dashboard', 'failed'),
  ];
  rig.target.current = snapshotFixture({ services });
  await dataOf('SetHealthWindowVisibility', { visible: true });
  const reason = 'is failed because of the test';
  expect(await dataOf('HealthSnapshot')).toEqual({
    connection: {
      state: 'degraded',
      last_transition_at: noonSeconds,
      last_error: `dashboard: ${reason}`,
    },
    children: [
      {
        service_name: 'mcp',
        status: 'running',
        pid: 7,
        last_health_error: null,
        updated_at: noonSeconds,
      },
      {
        service_name: 'dashboard',
        status: `error:${reason}`,
        pid: null,
        last_health_error: reason,
        updated_at: noonSeconds,
      },
    ],
    health_window_visible: true,
  });
});

test('PublishEvent tells the id, or that the event is known already', async () => {
  const event = { event_type: 'test', message: 'hi' };
  expect(await dataOf('PublishEvent', { event, source: 'my.script' })).toEqual({
    id: 100,
    duplicate: false,
  });
  expect(await dataOf('PublishEvent', { event: { id: 'known' } })).toEqual({
    id: null,
    duplicate: true,
  });
  expect(rig.target.asked.filter((what) => what.startsWith('publish'))).toEqual([
    'publish from control:my.script',
    'publish from control',
  ]);
  expect(await codeOf('PublishEvent', { event: 'hi' })).toBe('bad_request');
  expect(await codeOf('PublishEvent', { event, source: 'a b' })).toBe('bad_request');
});

test('LaunchApp and ContinueApp pass on payload and time; a failure has its data beside the error', async () => {
  expect(
    await dataOf('LaunchApp', { app_name: 'ask_me', payload: { q: 1 }, timeout_seconds: 2 }),
  ).toEqual(rig.target.answer);
  await dataOf('ContinueApp', { session_id: 's', payload: [1] });
  expect(rig.target.asked).toEqual(['launch ask_me {"q":1} 2000', 'continue s [1] null']);
  rig.target.answer = { ...rig.target.answer, success: false, error: 'no window', timed_out: true };
  expect(await dispatch({ type: 'LaunchApp', app_name: 'ask_me', payload: null, id: 4 })).toEqual({
    ok: false,
    error: 'no window',
    code: 'timed_out',
    data: rig.target.answer,
    id: 4,
  });
});

test('ListServices has services and instances, ListSubscribers who listens, Doctor its checks', async () => {
  rig.target.current = snapshotFixture({ instances: [instance] });
  expect(await dataOf('ListServices')).toEqual([...rig.target.current.services, instance]);
  expect(rig.target.glances).toBe(1);
  expect(await dataOf('ListSubscribers')).toEqual([]);
  expect(await dataOf('Doctor')).toMatchObject({ checks: [{ name: 'node', status: 'ok' }] });
});

test('W18 a type that is nearly right is answered with the right one', async () => {
  expect(await dispatch({ type: 'ListMcpConnection' })).toMatchObject({
    code: 'unknown_type',
    error: expect.stringContaining('did you mean "ListMcpConnections"?'),
  });
});
