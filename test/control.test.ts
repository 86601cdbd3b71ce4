/** The control plane of the running program: its doors, its news, its windows, and what it says of itself. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { WatchLine } from '../shared/control-protocol.ts';
import { ControlClient } from './control-client.ts';
import { Place, type Settings, startSupervisor } from './harness.ts';
import { until } from './until.ts';

const alone: Settings = { mcp: { enabled: false, port: 0 }, dashboard: { enabled: false } };

/** Keeps what is told on one connection. */
async function watcher(address: string, request: object) {
  const socket = connect({ path: address });
  await once(socket, 'connect');
  const lines: WatchLine[] = [];
  createInterface({ input: socket }).on('line', (line) =>
    lines.push(JSON.parse(line) as WatchLine),
  );
  socket.write(`${JSON.stringify(request)}\n`);
  return { lines, [Symbol.dispose]: () => socket.destroy() };
}

test('who watches is told what services do, what they print, and which events come', async () => {
  await using supervisor = await startSupervisor({
    settings: alone,
    servers: [{ name: 'talker', command: 'sh', args: ['-c', 'echo I am up; exec sleep 1000'] }],
  });
  const topics = ['state', 'snapshot', 'events', 'logs'];
  using news = await watcher(supervisor.ports.control_socket, {
    type: 'Watch',
    id: 'w',
    topics,
    service: 'talker',
  });
  await until(() => news.lines.length >= 2, { what: 'the reply and the first snapshot' });
  expect(news.lines[0]).toEqual({ ok: true, data: { watching: true, topics }, id: 'w' });
  expect(news.lines[1]).toMatchObject({ type: 'watch', id: 'w', topic: 'snapshot' });
  await supervisor.control({ type: 'Restart', service: 'talker' });
  await supervisor.control({
    type: 'PublishEvent',
    event: { event_type: 'test', message: 'hello' },
    source: 'me',
  });
  const has = (topic: string, text: string) =>
    news.lines.some((line) => line.topic === topic && JSON.stringify(line.data).includes(text));
  await until(() => has('state', '"new_state":"ready"'), { what: 'the state' });
  await until(() => has('logs', 'I am up'), { what: 'the output' });
  await until(() => has('events', '"source":"control:me"'), { what: 'the event' });
});

test('an event that is published twice is told once', async () => {
  await using supervisor = await startSupervisor({ settings: alone });
  const event = { id: 'evt_1', type: 'plan_created', workspace_id: 'w', plan_id: 'p', data: {} };
  const publish = () => supervisor.control<'PublishEvent'>({ type: 'PublishEvent', event });
  expect(await publish()).toEqual({ id: expect.any(Number), duplicate: false });
  expect(await publish()).toEqual({ id: null, duplicate: true });
});

test('each door can be switched off, and the snapshot says which are open', async () => {
  await using supervisor = await startSupervisor({
    settings: { ...alone, supervisor: { control_tcp: false, control_tcp_port: 0 } },
  });
  const { doors } = await supervisor.snapshot();
  expect(doors).toMatchObject([
    { name: 'socket', state: 'open', address: supervisor.ports.control_socket, error: null },
    { name: 'tcp', state: 'off' },
    { name: 'page', state: 'open' },
  ]);
  expect(supervisor.ports.services['control_tcp']).toBeNull();
});

test('without the socket the program is controlled over TCP', async () => {
  await using place = await Place.create({
    settings: { ...alone, supervisor: { control_socket: false, control_tcp_port: 0 } },
  });
  const started = place.spawn();
  const ports = await until(() => place.ports(), { what: 'ports.json' });
  expect(ports.control_socket).toBeNull();
  const client = await ControlClient.open(ports.services['control_tcp'] ?? 0);
  const { doors } = await client.send<'Snapshot'>({ type: 'Snapshot' });
  expect(doors[0]).toMatchObject({ name: 'socket', state: 'off' });
  expect(existsSync(doors[0]?.address ?? '')).toBe(false);
  await client.send({ type: 'ShutdownSupervisor' });
  client.close();
  expect(await started.exited).toBe(0);
});

test('TCP asks for the token when the configuration says so; the socket does not', async () => {
  const api_key = 'token-of-this-very-test';
  await using supervisor = await startSupervisor({
    settings: { ...alone, auth: { api_key, control_tcp_token: true } },
  });
  const client = await ControlClient.open(supervisor.ports.services['control_tcp'] ?? 0);
  await expect(client.send({ type: 'Status' })).rejects.toThrow('unauthorized');
  await expect(client.send({ type: 'Authenticate', token: 'wrong' })).rejects.toThrow(
    'unauthorized',
  );
  await client.send({ type: 'Authenticate', token: api_key });
  expect(await client.send({ type: 'Status' })).toEqual(expect.any(Array));
  client.close();
});

test('W22 over HTTP a window has a lease, and the supervisor ends after the last one has left', async () => {
  const api_key = 'token-of-this-very-test';
  await using supervisor = await startSupervisor({
    settings: {
      ...alone,
      auth: { api_key },
      supervisor: { control_tcp_port: 0, shutdown_when_last_client_leaves_s: 1 },
    },
  });
  const post = async (request: object) => {
    const response = await fetch(`${supervisor.ports.page_url}control`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api_key}` },
      body: JSON.stringify(request),
    });
    return (await response.json()) as object;
  };
  const window = { type: 'AttachClient', pid: 1, window_id: 'w', lease_ms: 2_000 };
  expect(await post(window)).toMatchObject({ data: { client_id: 'client-1', lease_ms: 2_000 } });
  expect((await supervisor.snapshot()).clients).toMatchObject([{ windowId: 'w', leaseMs: 2_000 }]);
  expect(await supervisor.process.exited).toBe(0);
  expect(supervisor.output()).toContain('the last attached window has gone');
});

test('the doctor looks at the running program and finds what is wrong with it', async () => {
  await using supervisor = await startSupervisor({
    settings: alone,
    servers: [{ name: 'broken', command: '/no/such/program' }],
    isReady: ({ services }) => services.some(({ state }) => state === 'failed'),
  });
  const { checks } = await supervisor.control<'Doctor'>({ type: 'Doctor' });
  const of = (name: string) => checks.find((check) => check.name === name);
  expect(of('services')).toMatchObject({
    status: 'problem',
    message: expect.stringContaining('/no/such/program'),
    cure: expect.any(String),
  });
  expect(of('config')).toMatchObject({
    status: 'warning',
    message: expect.stringContaining('/no/such/program'),
  });
  expect(of('socket')).toMatchObject({
    status: 'ok',
    message: expect.stringContaining('mode 600'),
  });
  expect(of('strays')).toMatchObject({ status: 'ok' });
  expect(of('ports')).toMatchObject({ status: 'ok', message: expect.stringContaining('socket') });
});
