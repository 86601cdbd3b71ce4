/**
 * The pool of MCP server instances behind the gateway.
 *
 * It guarantees: `minInstances` processes on free ports from `basePort`, each supervised like any
 * service; a new session goes to the healthy instance with the fewest sessions, counted at once; when
 * all are full another one is started, up to `maxInstances`. Ports of other programs are skipped.
 * Sessions of an instance that died are forgotten, so that their clients get the 404 that makes them
 * initialize again (MCP 2025-11-25 transports, L5).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../../shared/errors.ts';
import type { ServiceState, ServiceStatus, StateTransition } from '../../../shared/status.ts';
import { displayName } from '../../../shared/wording.ts';
import type { Launch, ServiceOptions } from '../services/service.ts';
import { isPortFree } from './free-port.ts';
import { Instance, type Supervised } from './instance.ts';
import { leasePort, type PortLease } from './port-lease.ts';
import { SessionTable } from './sessions.ts';

export interface PoolOptions {
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly maxSessionsPerInstance: number;
  readonly basePort: number;
  /** The command that starts one instance on a port. */
  readonly launch: (instance: string, port: number) => Launch;
  /** Makes the supervised service of one instance. */
  readonly makeService: (
    options: Pick<
      ServiceOptions,
      'name' | 'displayName' | 'kind' | 'prepare' | 'isBusy' | 'onTransition'
    >,
  ) => Supervised;
  /** Told of each instance's transitions, and of those of the pool as a whole. */
  readonly onTransition: (transition: StateTransition) => void;
  /** Told when counts changed that views show. */
  readonly onChange: () => void;
}

/** How often a request that waits for an instance looks again, in ms. */
const waitPollMs = 25;

/** How long an instance may take to end a session, in ms. */
const closeTimeoutMs = 3_000;

/** The state of the pool as one service, from its instances' states, most telling first. */
export function poolState(states: readonly ServiceState[], wanted: boolean): ServiceState {
  if (!wanted && states.every((state) => state === 'stopped' || state === 'failed')) {
    return 'stopped';
  }
  const order: readonly ServiceState[] = [
    'ready',
    'unhealthy',
    'starting',
    'backing_off',
    'crash_loop',
    'failed',
    'stopping',
  ];
  return order.find((state) => states.includes(state)) ?? 'stopped';
}

export class Pool {
  readonly sessions: SessionTable;
  readonly #options: PoolOptions;
  readonly #instances: Instance[] = [];
  /** By name of the instance; held until the pool stops, so that a restart finds its port again. */
  readonly #leases = new Map<string, PortLease>();
  #wanted = false;
  #last: { state: ServiceState; since: Date; reason: string } = {
    state: 'stopped',
    since: new Date(),
    reason: 'not started yet',
  };
  readonly #history: StateTransition[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.sessions = new SessionTable(options.onChange);
  }

  get instances(): readonly Instance[] {
    return this.#instances;
  }

  /** The instance that serves what has no session: the first one that is up. */
  get primary(): Instance | undefined {
    return this.#instances.find((instance) => instance.isUp);
  }

  get history(): readonly StateTransition[] {
    return this.#history;
  }

  instance(name: string): Instance | undefined {
    return this.#instances.find((instance) => instance.name === name);
  }

  /** Starts the instances side by side; resolves when all are ready, throws when none became ready. */
  async start(): Promise<void> {
    this.#wanted = true;
    while (this.#instances.length < this.#options.minInstances) this.#add();
    const starts = await Promise.allSettled(this.#instances.map((each) => each.service.start()));
    const failure = starts.find((each) => each.status === 'rejected');
    if (failure && this.primary === undefined) throw failure.reason;
  }

  async stop(reason: string): Promise<void> {
    this.#wanted = false;
    await Promise.all(this.#instances.map((each) => each.service.stop(reason)));
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
    this.#noteState(reason);
  }

  async restart(reason: string): Promise<void> {
    this.#wanted = true;
    await Promise.all(this.#instances.map((each) => each.service.restart(reason)));
  }

  /**
   * The instance that takes a new session; waits up to `waitMs` for one to come up. Throws
   * `instance_unavailable` with the reason when none does.
   */
  async place(waitMs: number, signal: AbortSignal): Promise<Instance> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const instance = this.#leastLoaded();
      if (instance) return instance;
      const state = this.#last.state;
      if (!this.#wanted || state === 'failed' || performance.now() >= deadline) {
        throw new CodedError(
          'instance_unavailable',
          `No MCP instance is running (${state.replace('_', ' ')}: ${this.#last.reason}).`,
        );
      }
      await delay(waitPollMs, undefined, { signal });
    }
  }

  /** Ends a session at its instance and here; false when there is no such session. */
  async closeSession(sessionId: string): Promise<boolean> {
    const session = this.sessions.get(sessionId);
    if (session === undefined) return false;
    const origin = this.instance(session.opening.instance)?.origin;
    this.sessions.close(sessionId);
    if (!origin) return true;
    // A server may refuse DELETE (MCP 2025-11-25, 405); for the client the session is over either way.
    await fetch(`${origin}/mcp`, {
      method: 'DELETE',
      headers: { 'mcp-session-id': sessionId },
      signal: AbortSignal.timeout(closeTimeoutMs),
    })
      .then((answer) => answer.body?.cancel())
      .catch(() => {});
    return true;
  }

  /** The pool as one service, under the name that old clients know: `mcp`. */
  status(): ServiceStatus {
    const each = this.#instances.map((instance) => instance.service.status());
    const telling = each.find((status) => status.state === this.#last.state) ?? each[0];
    return {
      name: 'mcp',
      displayName: displayName('mcp'),
      kind: 'mcp_pool',
      state: this.#last.state,
      reason: this.#last.reason,
      since: this.#last.since.toISOString(),
      pid: this.primary?.service.status().pid ?? null,
      port: this.primary?.service.port ?? null,
      url: null,
      restarts: each.reduce((sum, status) => sum + status.restarts, 0),
      lastExit: telling?.lastExit ?? null,
      nextRetryAt: telling?.nextRetryAt ?? null,
      lastHealthyAt: newest(each.map((status) => status.lastHealthyAt)),
      lastError: telling?.lastError ?? null,
      onDemand: false,
    };
  }

  /** What a session or a request without one adds to an instance. */
  #load(instance: Instance): number {
    return this.sessions.countOf(instance.name) + instance.opening;
  }

  #leastLoaded(): Instance | undefined {
    let best: Instance | undefined;
    for (const instance of this.#instances) {
      if (!instance.isUp) continue;
      if (best === undefined || this.#isBetter(instance, best)) best = instance;
    }
    if (best && this.#load(best) >= this.#options.maxSessionsPerInstance) this.#scaleUp();
    return best;
  }

  /** One that misses probes may be hung: it takes new sessions only where no other can. */
  #isBetter(one: Instance, other: Instance): boolean {
    if (one.isHealthy !== other.isHealthy) return one.isHealthy;
    const difference = this.#load(one) - this.#load(other);
    return difference === 0 ? one.inFlight < other.inFlight : difference < 0;
  }

  /** Starts one more instance in the background, unless one is on its way or all are there. */
  #scaleUp(): void {
    if (!this.#wanted || this.#instances.length >= this.#options.maxInstances) return;
    if (this.#instances.some((instance) => !instance.isUp)) return;
    // A failure shows in the instance's state; the session at hand has its place already.
    this.#add()
      .service.start()
      .catch(() => {});
  }

  #add(): Instance {
    const number = this.#instances.length + 1;
    const name = `mcp:${number}`;
    const instance = new Instance(
      name,
      this.#options.makeService({
        name,
        displayName: `MCP instance ${number}`,
        kind: 'mcp_instance',
        prepare: async () => this.#options.launch(name, await this.#claimPort(name)),
        isBusy: () => instance.inFlight > 0,
        onTransition: (transition) => {
          if (transition.to !== 'ready' && transition.to !== 'unhealthy') {
            this.sessions.closeAllOf(name);
          }
          this.#options.onTransition(transition);
          this.#noteState(transition.reason);
        },
      }),
    );
    this.#instances.push(instance);
    return instance;
  }

  /** The instance's own port when it is free again, else the next free one. */
  async #claimPort(instance: string): Promise<number> {
    const own = this.#leases.get(instance);
    if (own !== undefined && (await isPortFree(own.port))) return own.port;
    own?.release();
    this.#leases.delete(instance);
    const lease = await leasePort(this.#options.basePort);
    if (lease === null) {
      throw new CodedError(
        'port_taken',
        `No free port from ${this.#options.basePort} on. Set another [mcp.pool] base_port.`,
      );
    }
    this.#leases.set(instance, lease);
    return lease.port;
  }

  #noteState(reason: string): void {
    const states = this.#instances.map((instance) => instance.service.state);
    const state = poolState(states, this.#wanted);
    const from = this.#last.state;
    if (state === from) return;
    this.#last = { state, since: new Date(), reason };
    const transition: StateTransition = {
      service: 'mcp',
      from,
      to: state,
      reason,
      at: this.#last.since.toISOString(),
    };
    this.#history.push(transition);
    // The same bound as for every service.
    if (this.#history.length > 200) this.#history.shift();
    this.#options.onTransition(transition);
  }
}

function newest(times: readonly (string | null)[]): string | null {
  return times.reduce((best, time) => (best === null || (time ?? '') > best ? time : best), null);
}
