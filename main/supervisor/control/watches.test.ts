/** What happens is told on the connection that asked, and a slow reader costs nobody anything. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WatchLine } from '../../../shared/control-protocol.ts';
import { noon, serviceFixture, snapshotFixture } from '../../../shared/status.test-helper.ts';
import type { LineClient } from './control.test-helper.ts';
import { LineDoorRig } from './line-door.test-helper.ts';

let rig: LineDoorRig;
let client: LineClient;

beforeEach(async () => {
  rig = await LineDoorRig.create();
  await rig.listen('socket');
  client = rig.connect();
});

afterEach(async () => {
  await rig[Symbol.asyncDispose]();
});

function changeState(service: string): void {
  const transition = {
    service,
    from: 'ready',
    to: 'unhealthy',
    reason: 'silent',
    at: noon,
  } as const;
  for (const listener of rig.target.news.transition) listener(transition);
}

async function line(index: number): Promise<WatchLine> {
  await expect.poll(() => client.text.split('\n').length).toBeGreaterThan(index + 1);
  return JSON.parse(client.text.split('\n')[index] ?? '') as WatchLine;
}

test('the reply comes first, then the state and what changes, with the id of the request', async () => {
  client.send({ type: 'Watch', id: 'mine' });
  expect(await line(0)).toEqual({
    ok: true,
    data: { watching: true, topics: ['state', 'snapshot'] },
    id: 'mine',
  });
  expect(await line(1)).toEqual({
    type: 'watch',
    id: 'mine',
    topic: 'snapshot',
    data: rig.target.current,
  });
  changeState('mcp');
  expect(await line(2)).toEqual({
    type: 'watch',
    id: 'mine',
    topic: 'state',
    data: {
      service: 'mcp',
      old_state: 'ready',
      new_state: 'unhealthy',
      reason: 'silent',
      timestamp: Date.parse(noon) / 1_000,
      exit: null,
    },
  });
  expect(await client.ask({ type: 'EventStats', id: 2 })).toMatchObject({ ok: true, id: 2 });
});

test('only what was asked for is told: one service, one topic', async () => {
  await client.ask({ type: 'Watch', topics: ['state'], service: 'MCP' });
  changeState('dashboard');
  changeState('mcp');
  expect(await line(1)).toMatchObject({ topic: 'state', data: { service: 'mcp' } });
});

test('events and the output of a service are told as they come', async () => {
  await client.ask({ type: 'Watch', topics: ['events', 'logs'], service: 'mcp' });
  const event = rig.target.emitTestEvent('hello');
  for (const listener of rig.target.news.events) listener([event]);
  expect(await line(1)).toEqual({ type: 'watch', topic: 'events', data: [event] });
  const lines = [{ seq: 1, at: 2, stream: 'stdout', text: 'up' }] as const;
  for (const listener of rig.target.news.lines) listener(lines);
  expect(await line(2)).toEqual({ type: 'watch', topic: 'logs', data: { service: 'mcp', lines } });
});

test('logs need a service, and one that there is', async () => {
  expect(await client.ask({ type: 'Watch', topics: ['logs'] })).toMatchObject({
    code: 'bad_request',
    error: expect.stringContaining('"service"'),
  });
  const unknown = { type: 'Watch', topics: ['logs'], service: 'nobody' };
  expect(await client.ask(unknown)).toMatchObject({ code: 'unknown_service' });
  expect(await client.ask({ type: 'Watch', topics: ['news'] })).toMatchObject({
    code: 'bad_request',
  });
});

test('Unwatch, the end of the connection, and a watch of the same id end a watch', async () => {
  await client.ask({ type: 'Watch', topics: ['state'], id: 1 });
  await client.ask({ type: 'Watch', topics: ['state', 'events'], id: 1 });
  expect(rig.target.news.transition.size).toBe(1);
  await client.ask({ type: 'Watch', topics: ['state'], id: 2 });
  expect(rig.target.news.transition.size).toBe(2);
  expect(await client.ask({ type: 'Unwatch' })).toMatchObject({ data: { watching: false } });
  expect(rig.target.news.transition.size + rig.target.news.events.size).toBe(0);
  await client.ask({ type: 'Watch', topics: ['state'] });
  client.socket.destroy();
  await expect.poll(() => rig.target.news.transition.size).toBe(0);
});

test('a connection has a bounded number of watches', async () => {
  for (let id = 0; id < 16; id += 1) await client.ask({ type: 'Watch', topics: ['state'], id });
  const reply = await client.ask({ type: 'Watch', topics: ['state'], id: 16 });
  expect(reply).toMatchObject({ code: 'at_capacity' });
  expect(rig.target.news.transition.size).toBe(16);
});

test('over HTTP there is no connection to watch on, and the reply says what there is', async () => {
  expect(await rig.dispatch({ type: 'Watch' })).toMatchObject({
    code: 'unsupported',
    error: expect.stringContaining('/control/watch'),
  });
});

test('a slow reader gets the newest snapshot in the end, and is told how many lines it missed', async () => {
  client.send({ type: 'Watch', topics: ['snapshot', 'state'] });
  await line(1);
  await expect.poll(() => rig.target.news.snapshot.size).toBe(1);
  client.socket.pause();
  const reason = 'x'.repeat(100_000);
  const tellSnapshot = (pid: number) => {
    const services = [serviceFixture('mcp', 'failed', { reason, pid })];
    for (const listener of rig.target.news.snapshot) listener(snapshotFixture({ services }));
  };
  for (let pid = 1; pid <= 500; pid += 1) {
    tellSnapshot(pid);
    changeState('mcp');
    await new Promise(setImmediate);
  }
  client.socket.resume();
  const told = () =>
    client.text
      .split('\n')
      .slice(1, -1)
      .map((text) => JSON.parse(text) as WatchLine);
  const pids = () =>
    told()
      .filter(({ topic }) => topic === 'snapshot')
      .map(({ data }) => (data as { services: { pid: number }[] }).services[0]?.pid);
  await expect.poll(() => pids().at(-1)).toBe(500);
  expect(pids().length).toBeLessThan(100);
  changeState('mcp');
  await expect.poll(() => told().at(-1)?.topic).toBe('state');
  const states = told().filter(({ topic }) => topic === 'state');
  const missed = states.reduce((sum, { dropped = 0 }) => sum + dropped, 0);
  expect(missed).toBeGreaterThan(0);
  expect(states.length + missed).toBe(501);
});
