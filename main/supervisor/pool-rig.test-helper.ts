/**
 * For tests: a real pool of real processes, each a small MCP server. It lies here and not in a room
 * because it puts rooms together, like `supervisor.ts`.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import type { StateTransition } from '../../shared/status.ts';
import { createUpstreamAgent } from './gateway/forward.ts';
import type { Instance } from './pool/instance.ts';
import { Pool, type PoolOptions } from './pool/pool.ts';
import { testProcesses } from './services/processes.test-helper.ts';
import { Service } from './services/service.ts';
import { quickBackOff } from './services/service-rig.test-helper.ts';

/**
 * The server of an instance. `/health` tells its pid; `/mcp` remembers what it was asked; `/sleep?ms=N`
 * blocks the whole process, as a long synchronous tool call does.
 */
export const serverScript = `
import { createServer } from 'node:http';
const seen = [];
createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/health') return response.end(JSON.stringify({ pid: process.pid }));
  if (url.pathname === '/seen') return response.end(JSON.stringify(seen));
  if (url.pathname === '/sleep') {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(url.searchParams.get('ms')));
    return response.end();
  }
  if (request.method === 'POST') response.setHeader('mcp-session-id', 'again-' + seen.length);
  seen.push({ method: request.method, session: request.headers['mcp-session-id'] });
  response.end();
}).listen(Number(process.argv[2]), '127.0.0.1');
`;

export interface PoolRigOptions
  extends Partial<Omit<PoolOptions, 'makeService' | 'onTransition' | 'ports'>> {
  /** The first port; default 0, any. */
  readonly basePort?: number;
  /** The base port is the only one. */
  readonly hasFixedPort?: boolean;
  readonly probeTimeoutMs?: number;
  /** Replaces the server's program; its argument is the port. */
  readonly script?: string;
}

export class PoolRig implements AsyncDisposable {
  readonly pool: Pool;
  readonly transitions: StateTransition[] = [];
  readonly #folder: string;
  readonly #agent = createUpstreamAgent();

  constructor(options: PoolRigOptions, folder: string) {
    this.#folder = folder;
    this.pool = new Pool({
      minInstances: 2,
      maxInstances: 4,
      name: 'mcp',
      maxSessionsPerInstance: 100,
      maxSessions: 0,
      ports: {
        base: options.basePort ?? 0,
        isFixed: options.hasFixedPort ?? false,
        owner: 'pool',
        key: 'base_port',
      },
      startWaitMs: 10_000,
      recycling: { maxMemoryMb: 0, maxAgeHours: 0, lookEveryMs: 10, pauseMs: 0 },
      failover: true,
      scaleDownAfterMs: 0,
      drainTimeoutMs: 60_000,
      sessionIdleMs: 0,
      agent: this.#agent,
      logger: pino({ level: 'silent' }),
      launch: (_instance, port) => ({
        command: process.execPath,
        args: [join(folder, 'server.mjs'), String(port)],
        workingDir: folder,
        env: {},
        port,
        url: null,
        readiness: { kind: 'http', url: `http://127.0.0.1:${port}/health` },
      }),
      onChange: () => {},
      ...options,
      onTransition: (transition) => this.transitions.push(transition),
      makeService: (each) =>
        new Service({
          processes: testProcesses,
          restartPolicy: 'always_restart',
          startTimeoutMs: 10_000,
          stopGraceMs: 2_000,
          probeTimeoutMs: options.probeTimeoutMs ?? 2_000,
          backOff: quickBackOff,
          ...each,
        }),
    });
  }

  /** Instance `number`, from 1. */
  instance(number: number): Instance {
    const instance = this.pool.instances[number - 1];
    if (instance === undefined) throw new Error(`there is no instance ${number}`);
    return instance;
  }

  /** The process ids of the instances that have one. */
  get pids(): readonly number[] {
    return this.pool.instances.flatMap(({ service }) => service.status().pid ?? []);
  }

  get ports(): readonly (number | null)[] {
    return this.pool.instances.map(({ service }) => service.port);
  }

  /** Asks instance `number` directly. */
  async ask(number: number, path: string): Promise<unknown> {
    const answer = await fetch(`${this.instance(number).origin}${path}`);
    const text = await answer.text();
    return text === '' ? null : JSON.parse(text);
  }

  /** Opens a session in the table, as the gateway does; its id at the instance is `there-ID`. */
  openSession(sessionId: string, name: string): void {
    const instance = this.pool.instance(name);
    if (instance === undefined) throw new Error(`there is no instance ${name}`);
    const said = { initialize: Buffer.from('{"method":"initialize"}'), headers: [] };
    const client = { clientName: null, clientVersion: null, protocolVersion: null };
    const home = { instance, upstreamId: `there-${sessionId}` };
    const whence = {
      transport: 'streamable-http',
      principal: null,
      workspace: null,
      userAgent: null,
      clientPid: null,
      clientHint: null,
    } as const;
    this.pool.sessions.open({ sessionId, ...client, ...whence, ...said }, home);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.stop('test over');
    await this.#agent.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Makes a pool; it is the test's to start. */
export async function makePoolRig(options: PoolRigOptions = {}): Promise<PoolRig> {
  const folder = await mkdtemp(join(tmpdir(), 'pm-pool-'));
  await writeFile(join(folder, 'server.mjs'), options.script ?? serverScript);
  return new PoolRig(options, folder);
}

/** True while the process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
