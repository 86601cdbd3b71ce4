import { expect, test, vi } from 'vitest';
import { until } from '../../test/until.ts';
import {
  commonBridge,
  first,
  type Json,
  messagesOf,
  openSession,
  type RunningBridge,
  startBridge,
  textOf,
  type WireSession,
} from './bridge.test-helper.ts';

vi.setConfig({ testTimeout: 60_000 });

const shared = { options: ['--shared'] };
const common = commonBridge(shared);

/** How often the server was asked what. */
async function countsOf(session: WireSession): Promise<Record<string, number>> {
  return JSON.parse(await session.say('counts')) as Record<string, number>;
}

const ended = async (bridge: RunningBridge) =>
  (await bridge.health()).sessions.processes.length === 0;

test('all sessions share one process, which is initialized once', async () => {
  await using bridge = await startBridge(shared);
  const [one, two] = [await openSession(bridge), await openSession(bridge)];
  expect(await one.say('pid')).toBe(await two.say('pid'));
  expect(two.opened).toEqual(one.opened);
  expect(await countsOf(one)).toMatchObject({ initialize: 1, 'notifications/initialized': 1 });
});

test('clients that come at the same moment start one process', async () => {
  await using bridge = await startBridge(shared);
  const sessions = await Promise.all(Array.from({ length: 10 }, () => openSession(bridge)));
  const pids = await Promise.all(sessions.map((session) => session.say('pid')));
  expect(new Set(pids).size).toBe(1);
});

test('20 sessions with the same ids and tokens at once: no answer and no progress crosses', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, () => common.open()));
  const work = sessions.flatMap((session, index) =>
    Array.from({ length: 25 }, async (_, round) => {
      const token = `session ${index} round ${round}`;
      const _meta = { progressToken: 1 };
      const messages = await session.call('progress', { steps: 4, token }, round, _meta);
      const answer = messages.pop();
      expect(answer?.['id']).toBe(round);
      expect(textOf(answer)).toBe(token);
      expect(messages.map(({ params }) => params)).toEqual(
        [1, 2, 3, 4].map((progress) => ({ progressToken: 1, progress, message: token })),
      );
    }),
  );
  await Promise.all(work);
});

test('a cancellation hits the request of its own session only', async () => {
  const bridge = common.bridge();
  const [one, two] = [await common.open(), await common.open()];
  const held = [one.call('hold', { key: 'one' }, 5), two.call('hold', { key: 'two' }, 5)];
  await until(async () => (await bridge.health()).sessions.calls === 2, { what: 'both calls' });
  await two.post({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } });
  expect(await held[1]).toEqual([]);
  await one.call('release', { key: 'one' }, 6);
  expect(textOf((await held[0])?.[0])).toBe('one');
});

test('a resource is subscribed once for all, told to who wants it, and let go by the last', async () => {
  const [one, two] = [await common.open(), await common.open()];
  const three = await common.open();
  for (const session of [one, two]) await session.request('resources/subscribe', { uri: 'a:/x' });
  expect(await countsOf(one)).toMatchObject({ 'resources/subscribe a:/x': 1 });

  await three.call('touch', { uri: 'a:/x' });
  await three.call('touch', { uri: 'a:/x/below' });
  await three.call('change');
  const updated = (uri: string) => ({ method: 'notifications/resources/updated', params: { uri } });
  const changed = { method: 'notifications/tools/list_changed' };
  for (const session of [one, two]) {
    expect(await first(await session.stream(), 3)).toMatchObject([
      updated('a:/x'),
      updated('a:/x/below'),
      changed,
    ]);
  }
  expect(await first(await three.stream(), 1)).toMatchObject([changed]);

  await one.request('resources/unsubscribe', { uri: 'a:/x' });
  expect(await countsOf(one)).not.toHaveProperty(['resources/unsubscribe a:/x']);
  await two.end();
  expect(await countsOf(one)).toMatchObject({ 'resources/unsubscribe a:/x': 1 });
});

test('the server asks the one session that has a request under way, and takes only its answer', async () => {
  const [one, two] = [await common.open(), await common.open()];
  const response = await one.post({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'ask', arguments: { token: 'q' } },
  });
  const messages = messagesOf(response);
  const question = (await messages.next()).value as Json;
  const reply = (said: string) => ({ jsonrpc: '2.0', id: question['id'], result: { said } });
  await two.post(reply('by a stranger'));
  await one.post(reply('by the one who was asked'));
  expect(textOf((await messages.next()).value)).toContain('by the one who was asked');
});

test('where it cannot be told for whom a question is, the server is told so and nobody is asked', async () => {
  const bridge = common.bridge();
  const [one, two] = [await common.open(), await common.open()];
  const held = two.call('hold', { key: 'k' });
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  expect(await one.say('ask')).toContain('this server is shared');
  await one.call('release', { key: 'k' });
  expect(await held).toHaveLength(1);
  expect(await one.call('ask', { method: 'roots/list' })).toHaveLength(1);
  await one.call('askLater', { token: 'q' });
  await until(() => bridge.lines.includes('[shared] refused'), { what: 'the refusal' });
});

test('a log line goes to the session that it can only belong to, else it is dropped and counted', async () => {
  const bridge = common.bridge();
  const [one, two] = [await common.open(), await common.open()];
  await one.call('log', { token: 'of one' });
  const { dropped } = (await bridge.health()).sessions;
  const held = two.call('hold', { key: 'k' });
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  await one.call('log', { token: 'of whom?' });
  await one.call('release', { key: 'k' });
  await held;
  await two.call('log', { token: 'of two' });
  expect((await bridge.health()).sessions.dropped).toBe(dropped + 1);
  expect(await first(await one.stream(), 1)).toMatchObject([{ params: { data: 'of one' } }]);
  expect(await first(await two.stream(), 1)).toMatchObject([{ params: { data: 'of two' } }]);
});

test('the server logs as much as any session wants, each session gets what it asked for', async () => {
  const [one, two] = [await common.open(), await common.open()];
  await one.request('logging/setLevel', { level: 'debug' });
  await two.request('logging/setLevel', { level: 'error' });
  expect(await countsOf(one)).not.toHaveProperty(['logging/setLevel error']);
  await two.call('log', { token: 'detail', level: 'info' });
  await two.call('log', { token: 'trouble', level: 'error' });
  expect(await first(await two.stream(), 1)).toMatchObject([{ params: { data: 'trouble' } }]);
});

test('a server that dies fails its calls, starts again on the next, and knows what it knew', async () => {
  await using bridge = await startBridge(shared);
  const [one, two] = [await openSession(bridge), await openSession(bridge)];
  await two.request('resources/subscribe', { uri: 'a:/x' });
  await one.request('logging/setLevel', { level: 'warning' });
  const pid = await one.say('pid');
  const held = two.call('hold', { key: 'k' });
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  const [crashed] = await one.call('crash', { code: 5, token: 'oh no' });
  expect(JSON.stringify(crashed)).toMatch(/ended with code 5.*oh no/);
  expect((await held)[0]).toMatchObject({ error: { data: { retryable: false } } });

  expect(await one.say('pid')).not.toBe(pid);
  expect(await countsOf(two)).toMatchObject({
    initialize: 1,
    'notifications/initialized': 1,
    'resources/subscribe a:/x': 1,
    'logging/setLevel warning': 1,
  });
  await one.call('touch', { uri: 'a:/x' });
  expect(await first(await two.stream(), 1)).toMatchObject([{ params: { uri: 'a:/x' } }]);
});

test('a server killed from outside is back for the next request', async () => {
  const bridge = common.bridge();
  const [one, two] = [await common.open(), await common.open()];
  process.kill(Number(await one.say('pid')), 'SIGKILL');
  await until(() => ended(bridge), { what: 'its end to be seen' });
  expect(await two.say('echo', { token: 'x' })).toBe('x');
});

test('a server that does not come up again fails the requests with its last words', async () => {
  await using bridge = await startBridge({
    ...shared,
    command: ['/bin/sh', '-c', 'echo broken >&2; exit 9'],
  });
  await expect(openSession(bridge)).rejects.toThrow(/ended with code 9.*broken/);
  await expect(openSession(bridge)).rejects.toThrow(/ended with code 9.*broken/);
});

test('a refusal to be initialized is the answer of everyone, and is not kept', async () => {
  await using bridge = await startBridge({ ...shared, environment: { FIXTURE_REFUSES: '1' } });
  await expect(openSession(bridge)).rejects.toThrow('not in the mood');
  await expect(openSession(bridge)).rejects.toThrow('not in the mood');
  expect((await bridge.health()).activeSessions).toBe(0);
});

test('a session that ends takes its calls with it', async () => {
  const bridge = common.bridge();
  const [one, two] = [await common.open(), await common.open()];
  const held = one.call('hold', { key: 'k' });
  await until(async () => (await bridge.health()).sessions.calls === 1, { what: 'the call' });
  const cancelled = async () => JSON.parse(await two.say('counts')).cancelled as unknown[];
  const before = await cancelled();
  await one.end();
  expect(await held).toEqual([]);
  expect(await cancelled()).toEqual([...before, expect.any(Number)]);
});

test('without sessions the process rests, and the next session starts it again', async () => {
  await using bridge = await startBridge({ options: ['--shared', '--idle-child-minutes', '0.01'] });
  const one = await openSession(bridge);
  await one.end();
  await until(() => ended(bridge), { what: 'the process to end' });
  const two = await openSession(bridge);
  expect(await two.say('echo', { token: 'x' })).toBe('x');
});
