/** Tasks (MCP 2025-11-25, SEP-2663): they are asked for where they are, and a client is told when they are gone. */
import { expect, test } from 'vitest';
import { type Rig, startRig } from '../gateway-rig.test-helper.ts';
import { eventually } from './eventually.test-helper.ts';
import { headersOf, killHome, toolCall } from './failover.test-helper.ts';
import { send } from './http-client.test-helper.ts';
import { stateless } from './stateless.test-helper.ts';
import { type Message, reply, type Upstream } from './upstream.test-helper.ts';

interface TaskMessage extends Message {
  readonly params?: { readonly name?: string; readonly taskId?: string };
}

/** Servers whose tool `work` becomes a task; each remembers those it has made, and whose `tasks/…` it was asked for. */
class TaskServers {
  readonly asked: { readonly instance: number; readonly message: TaskMessage }[] = [];
  /** The tasks of each instance and their status; one map for all where they share them. */
  readonly #tasks: Map<string, string>[];

  constructor(rig: Rig, shared = false) {
    const store = new Map<string, string>();
    this.#tasks = rig.services.map(() => (shared ? store : new Map()));
    for (const [index, { upstream }] of rig.services.entries()) {
      upstream.answerCall = (message, response) =>
        this.#answer(index, message, (body) => reply(response, 200, body));
    }
  }

  /** They answer without sessions, too. */
  stateless(rig: Rig): this {
    for (const [index, { upstream }] of rig.services.entries()) {
      upstream.answer = (request, response, seen) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          seen.body = Buffer.concat(parts);
          const message = JSON.parse(String(seen.body)) as TaskMessage;
          const { 'mcp-method': method, 'mcp-name': name } = seen.headers;
          const isRight = method === message.method && name === (message.params?.taskId ?? name);
          if (!isRight) reply(response, 400, { error: { code: -32020 } });
          else this.#answer(index, message, (body) => reply(response, 200, body));
        });
      };
    }
    return this;
  }

  /** An instance has ended: a process keeps its tasks in memory. */
  forget(number: number): void {
    this.#tasks[number - 1]?.clear();
  }

  finish(taskId: string): void {
    for (const tasks of this.#tasks) if (tasks.has(taskId)) tasks.set(taskId, 'completed');
  }

  /** The methods that instance `number` was asked, of tasks. */
  methodsAt(number: number): readonly unknown[] {
    return this.asked
      .filter(({ instance }) => instance === number)
      .map(({ message }) => message.method);
  }

  #answer(index: number, message: TaskMessage, say: (body: object) => void): boolean {
    const { id, method, params } = message;
    const tasks = this.#tasks[index] ?? new Map();
    const answer = (result: object) => say({ jsonrpc: '2.0', id, result });
    if (method === 'tools/call' && params?.name === 'work') {
      const taskId = `task-${index + 1}-${tasks.size}`;
      tasks.set(taskId, 'working');
      answer({ resultType: 'task', task: { taskId, status: 'working' } });
      return true;
    }
    if (!method?.startsWith('tasks/')) return false;
    this.asked.push({ instance: index + 1, message });
    const { taskId = '' } = params ?? {};
    if (method === 'tasks/list') answer({ tasks: [...tasks.keys()] });
    else if (tasks.has(taskId)) {
      // The result of a task does not name it.
      const task = method === 'tasks/result' ? {} : { taskId, status: tasks.get(taskId) };
      answer({ ...task, of: method, at: index + 1 });
    } else say({ jsonrpc: '2.0', id, error: { code: -32602, message: 'Task not found' } });
    return true;
  }
}

async function ask(rig: Rig, session: string, method: string, taskId?: string): Promise<unknown> {
  const { status, text } = await rig.post(
    { id: 5, method, params: { taskId } },
    headersOf(session),
  );
  expect(status).toBe(200);
  return JSON.parse(text) as unknown;
}

async function makeTask(rig: Rig, session: string): Promise<string> {
  const { text } = await rig.post(toolCall('work'), headersOf(session));
  return (JSON.parse(text) as { result: { task: { taskId: string } } }).result.task.taskId;
}

const lost = (id: number, taskId: string) => ({
  jsonrpc: '2.0',
  id,
  error: {
    code: -32000,
    message: expect.stringContaining(`The task "${taskId}" is gone: the MCP server`),
    data: { code: 'task_lost', retryable: false },
  },
});

const methods = ['tasks/get', 'tasks/result', 'tasks/cancel'];

test('the tasks of a session are asked for at the instance where it is at home', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new TaskServers(rig);
  const sessions = [await rig.initialize(), await rig.initialize()];
  for (const session of sessions) {
    const at = rig.homeNumber(session);
    const taskId = await makeTask(rig, session);
    for (const method of methods) {
      expect(await ask(rig, session, method, taskId)).toMatchObject({ result: { of: method, at } });
    }
    expect(await ask(rig, session, 'tasks/list')).toMatchObject({ result: { tasks: [taskId] } });
    expect(servers.methodsAt(at)).toEqual([...methods, 'tasks/list']);
  }
});

test('W17 a task that ended with its instance is said to be gone, and whatever else is asked is answered', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new TaskServers(rig);
  const session = await rig.initialize();
  const taskId = await makeTask(rig, session);
  await killHome(rig, session);
  await eventually(() => expect(rig.pool.sessions.get(session)?.moves).toBe(1));
  for (const method of methods) {
    expect(await ask(rig, session, method, taskId)).toEqual(lost(5, taskId));
  }
  // Nothing but the question whether it is known has reached the new one.
  expect(servers.methodsAt(rig.homeNumber(session))).toEqual(methods.map(() => 'tasks/get'));
  // A task that the gateway has not heard of is the server's business.
  expect(await ask(rig, session, 'tasks/get', 'other')).toMatchObject({ error: { code: -32602 } });
  expect(await ask(rig, session, 'tasks/list')).toMatchObject({ result: { tasks: [] } });
  const again = await makeTask(rig, session);
  expect(await ask(rig, session, 'tasks/result', again)).toMatchObject({ result: { at: 2 } });
});

test('W17 a task is gone, too, when its instance has been started anew under the same name', async () => {
  await using rig = await startRig();
  const servers = new TaskServers(rig);
  const session = await rig.initialize();
  const taskId = await makeTask(rig, session);
  await killHome(rig, session);
  servers.forget(1);
  await rig.service().start();
  expect(await ask(rig, session, 'tasks/result', taskId)).toEqual(lost(5, taskId));
});

test('a server that shares its tasks between its instances answers for them', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new TaskServers(rig, true);
  const session = await rig.initialize();
  const taskId = await makeTask(rig, session);
  await killHome(rig, session);
  for (const method of methods) {
    expect(await ask(rig, session, method, taskId)).toMatchObject({
      result: { of: method, at: 2 },
    });
  }
  // Asked once, then known.
  expect(servers.methodsAt(2)).toEqual(['tasks/get', ...methods]);
});

test('W17 who waits for the result of a task while its instance dies is told that it is gone', async () => {
  await using rig = await startRig({ instances: 2 });
  new TaskServers(rig);
  const session = await rig.initialize();
  const taskId = await makeTask(rig, session);
  const home: Upstream = rig.home(session);
  let isWaiting = false;
  home.answerCall = () => {
    isWaiting = true;
    return true;
  };
  const result = ask(rig, session, 'tasks/result', taskId);
  await eventually(() => expect(isWaiting).toBe(true));
  await killHome(rig, session);
  expect(await result).toEqual(lost(5, taskId));
});

test('W17 a stateless task that ended with its instance is said to be gone, by all of its methods', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new TaskServers(rig).stateless(rig);
  const made = await send(rig.port, stateless('tools/call', 'work'));
  const { taskId } = (JSON.parse(made.text) as { result: { task: { taskId: string } } }).result
    .task;
  const at = Number(taskId.split('-')[1]);
  const of = async (method: string) =>
    JSON.parse((await send(rig.port, stateless(method, taskId))).text) as unknown;
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    expect(await of(method)).toMatchObject({ result: { of: method, at } });
  }
  await rig.service(at).crash();
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
    expect(await of(method)).toEqual(lost(7, taskId));
  }
  servers.forget(at);
  await rig.service(at).start();
  expect(await of('tasks/get')).toEqual(lost(7, taskId));
  expect(servers.methodsAt(3 - at).every((method) => method === 'tasks/get')).toBe(true);
});

test('a stateless server that shares its tasks answers for them after the end of an instance', async () => {
  await using rig = await startRig({ instances: 2 });
  const servers = new TaskServers(rig, true).stateless(rig);
  const made = await send(rig.port, stateless('tools/call', 'work'));
  const { taskId } = (JSON.parse(made.text) as { result: { task: { taskId: string } } }).result
    .task;
  const at = Number(taskId.split('-')[1]);
  await rig.service(at).crash();
  for (const method of ['tasks/update', 'tasks/cancel']) {
    const { text } = await send(rig.port, stateless(method, taskId));
    expect(JSON.parse(text)).toMatchObject({ result: { of: method, at: 3 - at } });
  }
  expect(servers.methodsAt(3 - at)).toEqual(['tasks/get', 'tasks/update', 'tasks/cancel']);
});

test.each(['tasks/get', 'tasks/result'])(
  'a session with an open task stays where that is until its client has heard by %s that it is over',
  async (method) => {
    await using rig = await startRig({ maxInstances: 2 });
    const servers = new TaskServers(rig);
    const [working, idle] = [await rig.initialize(), await rig.initialize()];
    const taskId = await makeTask(rig, working);
    const upgraded = rig.pool.upgrade();
    await eventually(() => expect(rig.homeNumber(idle)).toBe(2));
    expect(await ask(rig, working, 'tasks/get', taskId)).toMatchObject({ result: { at: 1 } });
    expect(rig.homeNumber(working)).toBe(1);
    servers.finish(taskId);
    expect(await ask(rig, working, method, taskId)).toMatchObject({ result: { at: 1 } });
    await upgraded;
    expect(rig.homeNumber(working)).toBe(2);
    expect(rig.pool.history.map(({ reason }) => reason).join()).not.toContain('under way');
  },
);

test('a task that outlasts its time ends with its instance, and the history says so', async () => {
  await using rig = await startRig({ maxInstances: 2, drainTimeoutMs: 50 });
  new TaskServers(rig);
  const session = await rig.initialize();
  await makeTask(rig, session);
  await rig.pool.upgrade();
  expect(rig.pool.history.map(({ reason }) => reason)).toContain(
    'mcp:1 is stopped with 1 call or task under way (drain_timeout_s = 0.05)',
  );
  await eventually(() => expect(rig.homeNumber(session)).toBe(2));
});

test('an open task of a client without a session is waited for, too', async () => {
  await using rig = await startRig({ maxInstances: 2 });
  const servers = new TaskServers(rig).stateless(rig);
  const made = await send(rig.port, stateless('tools/call', 'work'));
  const { taskId } = (JSON.parse(made.text) as { result: { task: { taskId: string } } }).result
    .task;
  const upgraded = rig.pool.upgrade();
  const [old] = rig.pool.instances;
  await eventually(() => expect(old?.draining).toBe(true));
  servers.finish(taskId);
  expect(rig.pool.instances).toContain(old);
  const { text } = await send(rig.port, stateless('tasks/get', taskId));
  expect(JSON.parse(text)).toMatchObject({ result: { status: 'completed', at: 1 } });
  await upgraded;
  expect(rig.pool.instances).not.toContain(old);
});
