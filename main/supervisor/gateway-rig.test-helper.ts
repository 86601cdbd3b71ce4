/**
 * For tests: a real gateway before a real pool, whose instances are servers in this process. It lies
 * here and not in a room because it puts rooms together, like `supervisor.ts`.
 */
import pino from 'pino';
import { Registry } from 'prom-client';
import type { ServiceState } from '../../shared/status.ts';
import { createUpstreamAgent } from './gateway/forward.ts';
import { Gateway, type GatewayOptions } from './gateway/gateway.ts';
import { type Answered, send } from './gateway/http-client.test-helper.ts';
import { Upstream } from './gateway/upstream.test-helper.ts';
import type { Supervised } from './pool/instance.ts';
import { Pool, type PoolOptions } from './pool/pool.ts';
import { GatewayMetrics } from './telemetry/gateway-metrics.ts';

type ServiceOptions = Parameters<PoolOptions['makeService']>[0];

/** A service without a process: it is in the state that the test says. */
export class InProcessService implements Supervised {
  readonly upstream: Upstream;
  readonly history = [];
  state: ServiceState = 'stopped';
  port: number | null = null;
  readonly #options: ServiceOptions;
  readonly #started: Promise<void>;

  constructor(options: ServiceOptions, upstream: Upstream, started: Promise<void>) {
    this.#options = options;
    this.#started = started;
    this.upstream = upstream;
  }

  async start(): Promise<void> {
    if (this.state === 'ready') return;
    this.enter('starting');
    await this.#started;
    await this.upstream.listen();
    this.port = this.upstream.port;
    this.enter('ready');
  }

  async stop(reason: string): Promise<void> {
    this.enter('stopped', reason);
    await this.upstream.die();
  }

  async restart(reason: string): Promise<void> {
    await this.stop(reason);
    await this.start();
  }

  /** As if the process were killed: its connections break before the news of its end arrive. */
  async crash(): Promise<void> {
    await this.upstream.die();
    this.enter('backing_off', 'killed');
  }

  enter(state: ServiceState, reason = `now ${state}`): void {
    const from = this.state;
    this.state = state;
    const at = new Date().toISOString();
    const { name } = this.#options;
    this.#options.onTransition({ service: name, from, to: state, reason, at });
  }

  status() {
    const { name, displayName, kind } = this.#options;
    return {
      name,
      displayName,
      kind,
      state: this.state,
      port: this.port,
      reason: '',
      since: '',
      pid: null,
      url: null,
      restarts: 0,
      lastExit: null,
      nextRetryAt: null,
      lastHealthyAt: null,
      lastError: null,
      onDemand: false,
    };
  }
}

export interface RigOptions {
  /** Instances that run at once; default 1. */
  readonly instances?: number;
  readonly maxInstances?: number;
  readonly maxSessionsPerInstance?: number;
  /** Default 0: no bound. */
  readonly maxSessions?: number;
  /** Whether sessions outlive their instance; default true, as for users. */
  readonly failover?: boolean;
  /** Default 0: never. */
  readonly sessionIdleMs?: number;
  /** How long calls may take on an instance that is being emptied; default a minute. */
  readonly drainTimeoutMs?: number;
  readonly gateway?: Partial<GatewayOptions>;
  /** How long the start of an instance takes; default: no time. */
  readonly untilStarted?: (instance: string) => Promise<void>;
  /** The pool is not started. */
  readonly idle?: boolean;
}

export class Rig implements AsyncDisposable {
  readonly gateway: Gateway;
  readonly pool: Pool;
  readonly services: InProcessService[] = [];
  /** What the gateway logged. */
  readonly log: { readonly level: number; readonly msg: string }[] = [];
  /** What the gateway counts. */
  readonly registry = new Registry();
  readonly #agent = createUpstreamAgent();

  constructor(options: RigOptions) {
    const { instances = 1 } = options;
    const logger = pino({ level: 'debug' }, { write: (line) => this.log.push(JSON.parse(line)) });
    this.pool = new Pool({
      minInstances: instances,
      maxInstances: options.maxInstances ?? instances,
      name: 'mcp',
      maxSessionsPerInstance: options.maxSessionsPerInstance ?? 1_000,
      maxSessions: options.maxSessions ?? 0,
      ports: { base: 0, isFixed: false, owner: 'pool', key: 'base_port' },
      startWaitMs: 10_000,
      recycling: { maxMemoryMb: 0, maxAgeHours: 0, lookEveryMs: 10, pauseMs: 0 },
      failover: options.failover ?? true,
      scaleDownAfterMs: 0,
      drainTimeoutMs: options.drainTimeoutMs ?? 60_000,
      sessionIdleMs: options.sessionIdleMs ?? 0,
      agent: this.#agent,
      logger,
      launch: () => {
        throw new Error('there is no process to start');
      },
      makeService: (each) => {
        const upstream = new Upstream(`up${this.services.length + 1}`);
        const started = options.untilStarted?.(each.name) ?? Promise.resolve();
        const service = new InProcessService(each, upstream, started);
        this.services.push(service);
        return service;
      },
      onTransition: () => {},
      onChange: () => {},
    });
    this.gateway = new Gateway({
      pools: new Map([['mcp', this.pool]]),
      connections: this.pool,
      agent: this.#agent,
      failoverWaitMs: 10_000,
      fallbackOrigin: () => null,
      routes: [],
      access: null,
      allowedOrigins: [],
      events: (_request, response) => response.end(),
      webhook: (_request, response) => response.end(),
      affinity: { params: [], header: null },
      metrics: {
        contentType: this.registry.contentType,
        text: () => this.registry.metrics(),
        gateway: new GatewayMetrics(this.registry, ''),
      },
      beat: () => ({
        timestamp_ms: Date.now(),
        mcp_proxy_port: this.port,
        pool_base_port: this.pool.primary?.service.port ?? 0,
        pool_instances: this.pool.instances.length,
        mcp_healthy: this.pool.primary !== undefined,
      }),
      onActivity: () => {},
      logger,
      ...options.gateway,
    });
  }

  get port(): number {
    return this.gateway.port;
  }

  /** The server behind instance `number`, from 1. */
  upstream(number = 1): Upstream {
    return this.service(number).upstream;
  }

  service(number = 1): InProcessService {
    const service = this.services[number - 1];
    if (service === undefined) throw new Error(`there is no instance ${number}`);
    return service;
  }

  /** The id that the session has at its instance now: `up2-7` is the seventh of the second one. */
  upstreamId(sessionId: string): string {
    const id = this.pool.sessions.get(sessionId)?.home?.upstreamId;
    if (typeof id !== 'string') throw new Error(`the session ${sessionId} has no home`);
    return id;
  }

  /** The number of the instance where the session is at home. */
  homeNumber(sessionId: string): number {
    return Number(/^up(\d+)-/.exec(this.upstreamId(sessionId))?.[1]);
  }

  /** The server behind it. */
  home(sessionId: string): Upstream {
    return this.upstream(this.homeNumber(sessionId));
  }

  /** Requests that run now, over all instances. */
  get inFlight(): number {
    return this.pool.instances.reduce((sum, each) => sum + each.inFlight, 0);
  }

  /** Sends one message to `/mcp`, as clients do. */
  async post(message: object, headers: Record<string, string> = {}): Promise<Answered> {
    return await send(this.port, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
  }

  /** Opens a session and resolves with its id. */
  async initialize(headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.post(initializeMessage, headers);
    const id = answer.headers['mcp-session-id'];
    if (answer.status !== 200 || typeof id !== 'string') {
      throw new Error(`no session: ${answer.status} ${answer.text}`);
    }
    return id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.close();
    await this.pool.stop('test over');
    await this.#agent.destroy();
  }
}

export const initializeMessage = {
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test client', version: '1.2.3' },
  },
};

/** Starts pool and gateway on free ports. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const rig = new Rig(options);
  if (!options.idle) await rig.pool.start();
  await rig.gateway.listen(0);
  return rig;
}
