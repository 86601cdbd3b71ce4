/** For tests: the bridge as a real process, and a client that shows what is on the wire. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { inherited } from '../inherited.test-helper.ts';

export const bridgeEntry = join(import.meta.dirname, 'index.ts');
export const fixture = [process.execPath, join(import.meta.dirname, 'stdio-server.test-helper.ts')];

/** Starting and ending a program takes a moment on a busy machine. */
const startTimeoutMs = 30_000;

/** In the environment of the bridge and of all that it starts. */
const markerName = 'STDIO_BRIDGE_TEST';

export interface RunningBridge extends AsyncDisposable {
  readonly url: URL;
  readonly pid: number;
  readonly marker: string;
  /** What it said on stderr so far. */
  readonly lines: readonly string[];
  health(): Promise<Health>;
  /** Sends a signal and resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Health {
  readonly activeSessions: number;
  readonly mode: string;
  readonly sessions: { calls: number; dropped: number; processes: number[] };
  readonly stateless: { calls: number; dropped: number; processes: number[] };
}

export interface BridgeSetup {
  readonly options?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts it on a port of the system's choice, and waits until it listens. */
export async function startBridge(setup: BridgeSetup = {}): Promise<RunningBridge> {
  const { options = [], command = fixture, environment = {} } = setup;
  const marker = randomUUID();
  const child = spawn(
    process.execPath,
    [bridgeEntry, '--port', '0', ...options, '--', ...command],
    {
      env: { ...inherited, ...environment, [markerName]: marker },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const lines: string[] = [];
  const url = await new Promise<URL>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      const found = /^\[bridge\] listening on (\S+)\/mcp/.exec(line)?.[1];
      if (found !== undefined) resolve(new URL(found));
    });
    child.once('exit', (code) => reject(new Error(`exit ${code}: ${lines.join('\n')}`)));
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return (await exited)[0];
  };
  return {
    url,
    pid: child.pid ?? 0,
    marker: `${markerName}=${marker}`,
    lines,
    health: async () => (await (await fetch(new URL('/health', url))).json()) as Health,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

export type Json = Readonly<Record<string, unknown>>;

const accept = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
};

/** Posts a body as it is. */
export function post(
  { url }: RunningBridge,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: { ...accept, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** The messages of a response as they come: one of JSON, or those of a stream. */
export async function* messagesOf(response: Response): AsyncGenerator<Json> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const body = await response.text();
    if (body !== '') yield JSON.parse(body) as Json;
    return;
  }
  let rest = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += chunk;
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield JSON.parse(data) as Json;
    }
  }
}

/** All messages of a response, to its end. */
export async function allOf(response: Response): Promise<Json[]> {
  const messages: Json[] = [];
  for await (const message of messagesOf(response)) messages.push(message);
  return messages;
}

/** What a tool said in its answer. */
export function textOf(answer: Json | undefined): string {
  const { result, error } = answer as {
    result?: { content: [{ text: string }] };
    error?: unknown;
  };
  if (result === undefined) throw new Error(JSON.stringify(error));
  return result.content[0].text;
}

export class WireSession {
  readonly #bridge: RunningBridge;
  readonly id: string;
  readonly opened: Json;

  constructor(bridge: RunningBridge, id: string, opened: Json) {
    this.#bridge = bridge;
    this.id = id;
    this.opened = opened;
  }

  post(body: unknown, signal?: AbortSignal): Promise<Response> {
    return post(this.#bridge, body, { 'Mcp-Session-Id': this.id }, signal);
  }

  async request(method: string, params: Json = {}, id: unknown = 1): Promise<Json[]> {
    return allOf(await this.post({ jsonrpc: '2.0', id, method, params }));
  }

  /** Every message of a tool's call, its answer last. */
  call(name: string, args: Json = {}, id: unknown = 1, _meta?: Json): Promise<Json[]> {
    const params = { name, arguments: args, ...(_meta && { _meta }) };
    return this.request('tools/call', params, id);
  }

  async say(name: string, args: Json = {}): Promise<string> {
    return textOf((await this.call(name, args)).at(-1));
  }

  stream(signal?: AbortSignal): Promise<Response> {
    return fetch(new URL('/mcp', this.#bridge.url), {
      headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': this.id },
      ...(signal && { signal }),
    });
  }

  end(): Promise<Response> {
    const headers = { 'Mcp-Session-Id': this.id };
    return fetch(new URL('/mcp', this.#bridge.url), { method: 'DELETE', headers });
  }
}

export const initialize = (capabilities: Json = { sampling: {} }): Json => ({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities,
    clientInfo: { name: 'wire', version: '1' },
  },
});

/** Opens a session and says `initialized`. */
export async function openSession(
  bridge: RunningBridge,
  capabilities?: Json,
): Promise<WireSession> {
  const response = await post(bridge, initialize(capabilities));
  const [opened] = await allOf(response);
  const id = response.headers.get('mcp-session-id');
  if (id === null || opened === undefined) {
    throw new Error(`not opened: ${response.status} ${JSON.stringify(opened)}`);
  }
  const session = new WireSession(bridge, id, opened);
  await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' });
  return session;
}

/** The first messages of a stream, then leaves it. */
export async function first(response: Response, count: number): Promise<Json[]> {
  const found: Json[] = [];
  for await (const message of messagesOf(response)) {
    found.push(message);
    if (found.length === count) break;
  }
  return found;
}

/**
 * One bridge for those tests of a file that say nothing about all of it: each keeps to sessions of its own,
 * which end with it, processes and calls included.
 */
export function commonBridge(setup: BridgeSetup = {}) {
  let running: RunningBridge | null = null;
  beforeAll(async () => {
    running = await startBridge(setup);
  }, startTimeoutMs);
  afterAll(async () => void (await running?.stop()), startTimeoutMs);
  const bridge = (): RunningBridge => {
    if (running === null) throw new Error('Only tests have it.');
    return running;
  };
  const open = async (): Promise<WireSession> => {
    const session = await openSession(bridge());
    onTestFinished(async () => void (await session.end()));
    return session;
  };
  return { bridge, open };
}
