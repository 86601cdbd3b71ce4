/**
 * The pool of MCP server instances behind the gateway.
 *
 * It guarantees: `minInstances` processes on free ports from `basePort`, each supervised like any
 * service; a new session goes to the healthy instance with the fewest sessions, counted at once; when
 * all are full another one is started, up to `maxInstances`. Ports of other programs are skipped.
 * Sessions of an instance that ends move to another one (session-mover.ts); with `failover` off they are
 * forgotten, and their clients get the 404 that makes them initialize again (MCP 2025-11-25, L5).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from 'undici';
import { CodedError } from '../../../shared/errors.ts';
import type { ServiceStatus, StateTransition } from '../../../shared/status.ts';
import type { Launch, ServiceOptions } from '../services/service.ts';
import type { Logger } from '../telemetry/logger.ts';
import { drain } from './drain.ts';
import { isPortFree } from './free-port.ts';
import { Instance, type Supervised } from './instance.ts';
import { PoolState } from './pool-state.ts';
import { leasePort, type PortLease } from './port-lease.ts';
import { SessionMover } from './session-mover.ts';
import { type Session, SessionTable } from './sessions.ts';
import { ToolCatalog } from './tool-catalog.ts';
import { endUpstream } from './upstream-rpc.ts';

export interface PoolOptions {
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly maxSessionsPerInstance: number;
  readonly basePort: number;
  /** Whether sessions outlive their instance. */
  readonly failover: boolean;
  /** An instance too many is stopped after so long; 0 never. */
  readonly scaleDownAfterMs: number;
  /** A session without traffic for so long is ended; 0 never. */
  readonly sessionIdleMs: number;
  /** Connections to the instances. */
  readonly agent: Agent;
  readonly logger: Logger;
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

/** How often idle sessions and instances are looked for, in ms. */
const carePeriodMs = 5_000;

export class Pool {
  readonly sessions: SessionTable;
  readonly tools: ToolCatalog;
  readonly #mover: SessionMover;
  readonly #options: PoolOptions;
  readonly #instances: Instance[] = [];
  /** By name of the instance; held until the pool stops, so that a restart finds its port again. */
  readonly #leases = new Map<string, PortLease>();
  #caretaker: NodeJS.Timeout | null = null;
  /** Since when there is an instance too many. */
  #spareSince: number | null = null;
  #wanted = false;
  readonly #state: PoolState;
  #upgrading: Promise<void> | null = null;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { agent, logger, onChange, onTransition } = options;
    this.#state = new PoolState(onTransition);
    this.sessions = new SessionTable(onChange);
    this.tools = new ToolCatalog(agent);
    this.#mover = new SessionMover({
      sessions: this.sessions,
      agent,
      place: (waitMs) => this.place(waitMs),
      logger,
    });
  }

  get instances(): readonly Instance[] {
    return this.#instances;
  }

  /** The instance that serves what has no session: the first one that is up. */
  get primary(): Instance | undefined {
    return this.#instances.find((instance) => instance.isUp);
  }

  get history(): readonly StateTransition[] {
    return this.#state.history;
  }

  instance(name: string): Instance | undefined {
    return this.#instances.find((instance) => instance.name === name);
  }

  /** Starts the instances side by side; resolves when all are ready, throws when none became ready. */
  async start(): Promise<void> {
    this.#wanted = true;
    this.#takeCare();
    while (this.#instances.length < this.#options.minInstances) this.#add();
    const starts = await Promise.allSettled(this.#instances.map((each) => each.service.start()));
    const failure = starts.find((each) => each.status === 'rejected');
    if (failure && this.primary === undefined) throw failure.reason;
  }

  async stop(reason: string): Promise<void> {
    this.#wanted = false;
    if (this.#caretaker) clearInterval(this.#caretaker);
    this.#caretaker = null;
    for (const session of this.sessions.all()) this.sessions.close(session.opening.sessionId);
    await Promise.all(this.#instances.map((each) => each.service.stop(reason)));
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
    this.#noteState(reason);
  }

  /** New processes: without breaking a session while some run, else all at once. */
  async restart(reason: string): Promise<void> {
    this.#wanted = true;
    if (this.#options.failover && this.primary) {
      await this.upgrade();
      return;
    }
    await Promise.all(this.#instances.map((each) => each.service.restart(reason)));
  }

  /**
   * The instance that takes a new session; waits up to `waitMs` for one to come up. Throws
   * `instance_unavailable` with the reason when none does.
   */
  async place(waitMs: number, signal?: AbortSignal): Promise<Instance> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const instance = this.#leastLoaded();
      if (instance) return instance;
      const { state, reason } = this.#state;
      if (!this.#wanted || state === 'failed' || performance.now() >= deadline) {
        throw new CodedError(
          'instance_unavailable',
          `No MCP instance is running (${state.replace('_', ' ')}: ${reason}).`,
        );
      }
      await delay(waitPollMs, undefined, signal && { signal });
    }
  }

  /**
   * Replaces every instance by a new process, one by one, and loses no call: the new one starts, the
   * sessions move, the old one finishes what it is doing and stops. A new one that does not get ready is
   * taken away again, and the old ones stay: then this throws.
   */
  upgrade(): Promise<void> {
    this.#upgrading ??= this.#replaceAll().finally(() => {
      this.#upgrading = null;
    });
    return this.#upgrading;
  }

  async #replaceAll(): Promise<void> {
    // A copy: the list changes while they are replaced.
    for (const old of this.#instances.slice()) {
      const fresh = this.#add();
      try {
        await fresh.service.start();
      } catch (error) {
        await this.#remove(fresh, 'it did not get ready');
        throw error;
      }
      await this.#retire(old, 'replaced');
    }
  }

  /** Starts one more instance; throws `at_capacity` when there are as many as allowed. */
  async scaleUp(): Promise<void> {
    const { maxInstances } = this.#options;
    if (this.#instances.length >= maxInstances) {
      throw new CodedError(
        'at_capacity',
        `All ${maxInstances} instances are there ([mcp.pool] max_instances).`,
      );
    }
    this.#wanted = true;
    await this.#add().service.start();
  }

  /** Gives a session that its instance does not know any more a new home; with `failover` off, an end. */
  async rehome(session: Session): Promise<void> {
    if (this.#options.failover) await this.#mover.move(session);
    else this.sessions.close(session.opening.sessionId);
  }

  /** Ends a session at its instance and here; false when there is no such session. */
  async closeSession(sessionId: string): Promise<boolean> {
    const session = this.sessions.get(sessionId);
    if (session === undefined) return false;
    const { home } = session;
    this.sessions.close(sessionId);
    if (home) await endUpstream(this.#options.agent, home);
    return true;
  }

  /** The pool as one service, under the name that old clients know: `mcp`. */
  status(): ServiceStatus {
    return this.#state.status(this.#instances, this.primary);
  }

  /** What a session or a request without one adds to an instance. */
  #load(instance: Instance): number {
    return this.sessions.countOn(instance) + instance.opening;
  }

  #leastLoaded(): Instance | undefined {
    let best: Instance | undefined;
    for (const instance of this.#instances) {
      if (!instance.isUp || instance.draining) continue;
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
    const number = this.#freeNumber();
    const name = `mcp:${number}`;
    const instance: Instance = new Instance(
      name,
      this.#options.makeService({
        name,
        displayName: `MCP instance ${number}`,
        kind: 'mcp_instance',
        prepare: async () => this.#options.launch(name, await this.#claimPort(name)),
        isBusy: () => instance.inFlight > 0,
        onTransition: (transition): void => {
          if (transition.to === 'starting') this.tools.forget();
          if (transition.to !== 'ready' && transition.to !== 'unhealthy') this.#lost(instance);
          this.#options.onTransition(transition);
          this.#noteState(transition.reason);
        },
      }),
    );
    this.#instances.push(instance);
    return instance;
  }

  #freeNumber(): number {
    const taken = new Set(this.#instances.map((instance) => instance.name));
    for (let number = 1; ; number += 1) if (!taken.has(`mcp:${number}`)) return number;
  }

  /** Empties an instance, then takes it away. */
  async #retire(instance: Instance, reason: string): Promise<void> {
    instance.draining = true;
    await drain(instance, this.sessions, this.#mover);
    await this.#remove(instance, reason);
  }

  async #remove(instance: Instance, reason: string): Promise<void> {
    await instance.service.stop(reason);
    const place = this.#instances.indexOf(instance);
    if (place !== -1) this.#instances.splice(place, 1);
    this.#leases.get(instance.name)?.release();
    this.#leases.delete(instance.name);
    this.#options.onChange();
    this.#noteState(reason);
  }

  /** Stops instances that are not needed: where the sessions have room on one fewer, for a while. */
  #scaleDownWhenIdle(): void {
    const { minInstances, maxSessionsPerInstance, scaleDownAfterMs } = this.#options;
    const fewer = this.#instances.length - 1;
    const isNeeded = fewer < minInstances || this.sessions.size > fewer * maxSessionsPerInstance;
    if (isNeeded || this.#instances.some((instance) => !instance.isUp || instance.draining)) {
      this.#spareSince = null;
      return;
    }
    this.#spareSince ??= performance.now();
    if (performance.now() - this.#spareSince < scaleDownAfterMs) return;
    this.#spareSince = null;
    const [emptiest] = this.#instances.toSorted(
      (one, other) => this.#load(one) - this.#load(other),
    );
    if (emptiest) void this.#retire(emptiest, 'not needed any more');
  }

  /** An instance ends or has ended: its sessions go elsewhere, or are over. */
  #lost(instance: Instance): void {
    if (this.#options.failover && this.#wanted) void this.#mover.moveAllFrom(instance);
    else
      for (const { opening } of this.sessions.on(instance)) this.sessions.close(opening.sessionId);
  }

  #takeCare(): void {
    const { sessionIdleMs, scaleDownAfterMs } = this.#options;
    const periods = [sessionIdleMs, scaleDownAfterMs].filter((ms) => ms > 0);
    if (periods.length === 0) return;
    this.#caretaker ??= setInterval(
      () => {
        if (sessionIdleMs > 0) this.#endIdleSessions();
        if (scaleDownAfterMs > 0) this.#scaleDownWhenIdle();
      },
      Math.min(...periods, carePeriodMs),
    );
  }

  /** Ends what nobody uses: clients vanish without a word, and each session costs an instance memory (W13). */
  #endIdleSessions(): void {
    for (const { idleMs, opening } of this.sessions.all()) {
      if (idleMs > this.#options.sessionIdleMs) void this.closeSession(opening.sessionId);
    }
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
    this.#state.note(this.#instances, this.#wanted, reason);
  }
}
