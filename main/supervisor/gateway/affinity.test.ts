/** Stateless requests that belong together reach the same instance (MCP 2026-07-28). */
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { Access } from './access.ts';
import { send } from './http-client.test-helper.ts';
import { StatelessServers, serverOf, stateless } from './stateless.test-helper.ts';
import { reply } from './upstream.test-helper.ts';

/** Makes an instance busy, so that whatever may go elsewhere does. */
function burden(rig: Rig, number: number, requests = 2): void {
  const instance = rig.pool.instances[number - 1];
  if (instance) instance.inFlight += requests;
}

async function answeredBy(rig: Rig, call: Parameters<typeof send>[1]): Promise<unknown> {
  return serverOf((await send(rig.port, call)).text);
}

test('a task is asked for where it was created, in an answer of JSON or in a stream', async () => {
  await using rig = await startRig({ instances: 2 });
  new StatelessServers(rig);
  const { answer } = rig.upstream(1);
  for (const kind of ['JSON', 'stream']) {
    const taskId = `task of ${kind}`;
    const result = { resultType: 'task', taskId, status: 'working' };
    const message = { jsonrpc: '2.0', id: 7, result };
    rig.upstream(1).answer = (request, response) => {
      request.resume();
      if (kind === 'JSON') reply(response, 200, message);
      else {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
      }
    };
    expect((await send(rig.port, stateless('tools/call', 'send'))).text).toContain(taskId);
    rig.upstream(1).answer = answer;
    burden(rig, 1);
    expect(await answeredBy(rig, stateless('tools/list'))).toBeUndefined();
    expect(rig.upstream(2).seen.at(-1)?.headers['mcp-method']).toBe('tools/list');
    for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
      expect(await answeredBy(rig, stateless(method, taskId)), method).toBe(1);
    }
    burden(rig, 1, -2);
  }
});

test('a task that nobody knows stays where it was asked for first, whatever its header is wrapped in', async () => {
  await using rig = await startRig({ instances: 2 });
  new StatelessServers(rig);
  const first = await answeredBy(rig, stateless('tasks/get', 't 1'));
  burden(rig, Number(first));
  const wrapped = `=?base64?${Buffer.from('t 1').toString('base64')}?=`;
  const headers = { 'mcp-name': wrapped };
  expect(await answeredBy(rig, stateless('tasks/get', 't 1', { headers }))).toBe(first);
});

test('a configured Mcp-Param header keeps its handle at one instance; others do not', async () => {
  const affinity = { params: ['Browser_ID'], header: null };
  await using rig = await startRig({ instances: 2, gateway: { affinity } });
  new StatelessServers(rig);
  const withParam = (name: string, value: string) =>
    stateless('prompts/get', 'p', { headers: { [`Mcp-Param-${name}`]: value } });
  expect(await answeredBy(rig, withParam('browser_id', 'b1'))).toBe(1);
  expect(await answeredBy(rig, withParam('other', 'b1'))).toBe(1);
  burden(rig, 1);
  expect(await answeredBy(rig, withParam('browser_id', 'b1'))).toBe(1);
  expect(await answeredBy(rig, withParam('browser_id', 'b2'))).toBe(2);
  expect(await answeredBy(rig, withParam('other', 'b1'))).toBe(2);
});

test('who listens to a task does so where that is', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new StatelessServers(rig, 'subscriptions/listen');
  expect(await answeredBy(rig, stateless('tasks/get', 't1'))).toBe(1);
  burden(rig, 1, 100);
  const listen = (taskIds: unknown) =>
    stateless('subscriptions/listen', null, { params: { notifications: { taskIds } } });
  for (const [taskIds, instance] of [
    [['t1', 't2'], 1],
    [[], 2],
    ['t1', 2],
  ] as const) {
    const listening = send(rig.port, listen(taskIds));
    const held = await servers.until(1);
    expect(held.instance).toBe(instance);
    servers.held.length = 0;
    held.response.end();
    await listening;
  }
});

test('a configured header that names the agent keeps it at one instance', async () => {
  const affinity = { params: [], header: 'X-Agent-Id' };
  await using rig = await startRig({ instances: 2, gateway: { affinity } });
  new StatelessServers(rig);
  const of = (agent: string) => stateless('prompts/get', 'p', { headers: { 'x-agent-id': agent } });
  expect(await answeredBy(rig, of('a'))).toBe(1);
  burden(rig, 1, 100);
  expect(await answeredBy(rig, of('a'))).toBe(1);
  expect(await answeredBy(rig, of('b'))).toBe(2);
});

test('a token keeps its client at one instance, until that has much more to do than another', async () => {
  const access = new Access({
    apiKey: 'the-key-of-this-test',
    clients: [{ name: 'laptop', token: 'the-token-of-laptop' }],
    eventsToken: 'the-token-of-events',
    logger: undefined as never,
    now: () => 0,
  });
  await using rig = await startRig({ instances: 2, gateway: { access } });
  new StatelessServers(rig);
  const headers = { authorization: 'Bearer the-token-of-laptop' };
  const call = stateless('prompts/get', 'p', { headers });
  expect(await answeredBy(rig, call)).toBe(1);
  burden(rig, 1, 4);
  expect(await answeredBy(rig, call)).toBe(1);
  burden(rig, 1, 1);
  expect(await answeredBy(rig, call)).toBe(2);
  burden(rig, 1, -5);
  expect(await answeredBy(rig, call)).toBe(1);
});

test('what belonged to an instance that is gone belongs to another one from then on', async () => {
  await using rig = await startRig({ instances: 2 });
  new StatelessServers(rig);
  const call = stateless('tasks/get', 't');
  const first = Number(await answeredBy(rig, call));
  const second = 3 - first;
  await rig.service(first).crash();
  expect(await answeredBy(rig, call)).toBe(second);
  await rig.service(first).start();
  burden(rig, second);
  expect(await answeredBy(rig, call)).toBe(second);
});
