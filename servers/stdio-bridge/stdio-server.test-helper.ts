/**
 * For tests: an MCP server over stdio, written by hand, that also does what no good server does. Started
 * as a program. `FIXTURE_MODERN` makes it speak 2026-07-28 instead of sessions, `FIXTURE_STUBBORN` lets it
 * ignore the end of its input and SIGTERM, `FIXTURE_SILENT` lets it say nothing to what it does not know.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

type Args = Readonly<Record<string, unknown>>;

interface Incoming {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: Args & {
    readonly _meta?: Readonly<Record<string, unknown>>;
    readonly arguments?: Args;
  };
  readonly result?: unknown;
  readonly error?: unknown;
}

const { FIXTURE_MODERN: isModern, FIXTURE_STUBBORN: isStubborn } = process.env;
const counts: Record<string, number> = {};
const cancelled: unknown[] = [];
const held = new Map<unknown, () => void>();
const asked = new Map<number, (answer: Incoming) => void>();
const listening = new Map<unknown, readonly string[]>();
let nextAsk = 1;

const write = (line: string) => void process.stdout.write(`${line}\n`);
const send = (message: object) => write(JSON.stringify({ jsonrpc: '2.0', ...message }));
const text = (value: string) => ({ content: [{ type: 'text', text: value }] });
const notify = (method: string, params: object = {}) => send({ method, params });

function ask(method: string, params: object): Promise<Incoming> {
  const id = nextAsk;
  nextAsk += 1;
  send({ id, method, params });
  return new Promise((resolve) => asked.set(id, resolve));
}

const tools: Readonly<Record<string, (args: Args, message: Incoming, line: string) => unknown>> = {
  echo: ({ token }) => text(`${token}`),
  pid: () => text(String(process.pid)),
  raw: (_args, _message, line) => text(line),
  counts: () => text(JSON.stringify({ ...counts, cancelled })),
  environment: ({ name }) => text(process.env[String(name)] ?? ''),
  progress: async ({ steps, token }, message) => {
    const progressToken = message.params?._meta?.['progressToken'];
    for (let progress = 1; progress <= Number(steps); progress += 1) {
      notify('notifications/progress', { progressToken, progress, message: `${token}` });
      await new Promise((resolve) => setImmediate(resolve));
    }
    return text(`${token}`);
  },
  hold: ({ key }) => new Promise((resolve) => held.set(key, () => resolve(text(`${key}`)))),
  release: ({ key }) => {
    held.get(key)?.();
    return text('released');
  },
  ask: async ({ method = 'sampling/createMessage', token }) => {
    const params = { messages: [], maxTokens: 1, token };
    const { result, error } = await ask(String(method), params);
    return text(JSON.stringify(result ?? error));
  },
  askLater: ({ token }) => {
    setImmediate(() => void ask('sampling/createMessage', { token }).then(sayAnswer));
    return text('asked');
  },
  log: ({ token, level }) => {
    notify('notifications/message', { level: level ?? 'info', data: token });
    return text('logged');
  },
  touch: ({ uri }) => {
    if (!isModern) notify('notifications/resources/updated', { uri });
    for (const [id, uris] of listening) {
      const _meta = { 'io.modelcontextprotocol/subscriptionId': id };
      if (uris.includes(String(uri))) notify('notifications/resources/updated', { uri, _meta });
    }
    return text('touched');
  },
  change: () => {
    notify('notifications/tools/list_changed');
    return text('changed');
  },
  endListening: () => {
    for (const id of listening.keys()) notify('notifications/cancelled', { requestId: id });
    listening.clear();
    return text('ended');
  },
  junk: ({ lines }) => {
    for (let line = 0; line < Number(lines); line += 1) write(`starting up… ${line}`);
    return text('junk printed');
  },
  flood: ({ messages, bytes }) => {
    const data = 'x'.repeat(Number(bytes));
    for (let sent = 0; sent < Number(messages); sent += 1) {
      notify('notifications/message', { level: 'info', data });
    }
    return text('flooded');
  },
  huge: ({ bytes }) => text('x'.repeat(Number(bytes))),
  stderr: ({ token }) => {
    process.stderr.write(`${token}\n`);
    return text('said');
  },
  bear: async ({ deaf }) => {
    const listens = deaf ? "process.on('SIGTERM', () => {});" : '';
    const source = `${listens} console.log('born'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    return text(String(child.pid));
  },
  crash: ({ code, token }) => {
    process.stderr.write(`fatal: ${token}\n`, () => process.exit(Number(code)));
    return new Promise(() => undefined);
  },
};

function sayAnswer({ error }: Incoming): void {
  process.stderr.write(error === undefined ? 'answered\n' : 'refused\n');
}

function count(name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

async function answer(message: Incoming, line: string): Promise<unknown> {
  const { method = '', params = {} } = message;
  switch (method) {
    case 'initialize': {
      if (process.env['FIXTURE_REFUSES']) throw new Error('not in the mood');
      return {
        protocolVersion: params['protocolVersion'],
        capabilities: { tools: {}, logging: {}, resources: { subscribe: true } },
        serverInfo: { name: 'fixture', version: '1', pid: process.pid },
      };
    }
    case 'server/discover':
      if (!isModern) break;
      return {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
      };
    case 'subscriptions/listen': {
      const { resourceSubscriptions = [] } = params['notifications'] as {
        resourceSubscriptions?: string[];
      };
      const _meta = { 'io.modelcontextprotocol/subscriptionId': message.id };
      notify('notifications/subscriptions/acknowledged', { _meta, notifications: {} });
      listening.set(message.id, resourceSubscriptions);
      return new Promise(() => undefined);
    }
    case 'ping':
    case 'logging/setLevel':
    case 'resources/subscribe':
    case 'resources/unsubscribe':
      count([method, params['uri'] ?? params['level']].join(' ').trim());
      return {};
    case 'tools/list':
      return {
        tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })),
      };
    case 'tools/call':
      return await tools[String(params['name'])]?.(params.arguments ?? {}, message, line);
  }
  throw Object.assign(new Error(`no method ${method}`), { code: -32_601 });
}

async function receive(line: string): Promise<void> {
  const message = JSON.parse(line) as Incoming;
  const { id, method, params } = message;
  if (method === undefined) {
    asked.get(Number(id))?.(message);
    asked.delete(Number(id));
    return;
  }
  count(method);
  if (method === 'notifications/cancelled') {
    cancelled.push(params?.['requestId']);
    listening.delete(params?.['requestId']);
  }
  if (id === undefined) return;
  try {
    send({ id, result: await answer(message, line) });
  } catch (error) {
    const { code = -32_000, message: sentence } = error as { code?: number; message: string };
    if (!process.env['FIXTURE_SILENT']) send({ id, error: { code, message: sentence } });
  }
}

process.stderr.write('fixture is up\n');
createInterface({ input: process.stdin }).on('line', (line) => void receive(line));
if (isStubborn) {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1_000);
} else
  process.stdin.once('end', () => process.stderr.write('input ended\n', () => process.exit(0)));
