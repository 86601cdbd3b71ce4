/**
 * One pool of MCP server instances behind the gateway. There is one for `/mcp`, and one for each MCP server
 * in `[[servers]]`.
 *
 * It guarantees: `minInstances` processes on free ports from its base port, each supervised like any
 * service; a new session goes to the healthy instance with the fewest sessions, counted at once; when
 * all are full another one is started, up to `maxInstances`. Ports of other programs are skipped. With a
 * minimum of 0 it rests until a request comes, which starts one instance however many come at once.
 * Sessions of an instance that ends move to another one (session-mover.ts); with `failover` off they are
 * forgotten, and their clients get the 404 that makes them initialize again (MCP 2025-11-25, L5).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from 'undici';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import type {
  InstanceStatus,
  ServiceStatus,
  SessionStatus,
  StateTransition,
} from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { PoolBounds } from './bounds.ts';
import { Caretaker, restReason } from './caretaker.ts';
import type { Instance } from './instance.ts';
import { PoolState } from './pool-state.ts';
import { Recycler } from './recycler.ts';
import { Renewal } from './renewal.ts';
import { Roster, type RosterOptions } from './roster.ts';
import { SessionMover } from './session-mover.ts';
import { type Session, SessionTable } from './sessions.ts';
import { TaskBirths } from './task-births.ts';
import { ToolCatalog } from './tool-catalog.ts';
import { endUpstream } from './upstream-rpc.ts';
import { Waking } from './waking.ts';

export interface PoolOptions extends PoolBounds, Omit<RosterOptions, 'onTransition'> {
  /** Connections to the instances. */
  readonly agent: Agent;
  readonly logger: Logger;
  /** Told of each instance's transitions, and of those of the pool as a whole. */
  readonly onTransition: (transition: StateTransition) => void;
  /** Told when counts changed that views show. */
  readonly onChange: () => void;
}

/** How often a request that waits for an instance looks again, in ms. */
const waitPollMs = 25;

export class Pool {
  readonly name: string;
  readonly sessions: SessionTable;
  readonly tools: ToolCatalog;
  readonly tasks: TaskBirths;
  readonly #mover: SessionMover;
  #options: PoolOptions;
  readonly #roster: Roster;
  readonly #renewal: Renewal;
  readonly #recycler: Recycler;
  readonly #state: PoolState;
  readonly #caretaker: Caretaker;
  #wanted = false;
  readonly #waking: Waking;
  /** Sessions that were let in and are not in the table yet. */
  #admitted = 0;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { name, agent, logger, onChange, onTransition, minInstances } = options;
    this.name = name;
    this.#state = new PoolState({ name, onDemand: minInstances === 0, onTransition });
    this.sessions = new SessionTable(onChange);
    this.tools = new ToolCatalog(agent);
    this.tasks = new TaskBirths(agent);
    this.#mover = new SessionMover({
      sessions: this.sessions,
      agent,
      place: (waitMs) => this.place(waitMs),
      logger,
    });
    this.#roster = new Roster({
      ...options,
      onTransition: (instance, transition) => this.#onTransition(instance, transition),
    });
    this.#waking = new Waking(() => this.#roster.add().service.start());
    this.#renewal = new Renewal({
      roster: this.#roster,
      sessions: this.sessions,
      mover: this.#mover,
      tasks: this.tasks,
      drainTimeoutMs: () => this.#options.drainTimeoutMs,
      record: (what) => this.#state.record(what),
      onChange: (reason) => this.#onInstances(reason),
    });
    this.#caretaker = new Caretaker({
      bounds: () => this.#options,
      roster: this.#roster,
      sessions: this.sessions,
      closeSession: (sessionId) => this.closeSession(sessionId),
      retire: (instance, reason) => this.#renewal.retire(instance, reason),
    });
    this.#recycler = new Recycler({
      bounds: () => this.#options.recycling,
      instances: () => this.#roster.all,
      replace: (instance, reason) => this.#renewal.replace(instance, reason),
      logger,
    });
  }

  get instances(): readonly Instance[] {
    return this.#roster.all;
  }

  /** The instance that serves what has no session: the first one that is up. */
  get primary(): Instance | undefined {
    return this.#roster.primary;
  }

  /** True while no instance runs, because none is needed. The next request starts one. */
  get isResting(): boolean {
    return this.#wanted && this.#options.minInstances === 0 && this.#roster.size === 0;
  }

  /** Whether what an instance leaves behind when it ends is taken over by another one. */
  get failover(): boolean {
    return this.#options.failover;
  }

  get history(): readonly StateTransition[] {
    return this.#state.history;
  }

  instance(name: string): Instance | undefined {
    return this.#roster.named(name);
  }

  /** Takes up its work: starts the instances that always run. Throws when none of them became ready. */
  async open(): Promise<void> {
    await this.#startAtLeast(this.#options.minInstances);
    if (this.isResting) this.#state.rest(restReason);
  }

  /** Starts the instances side by side, one at least; resolves when all are ready, throws when none became ready. */
  async start(): Promise<void> {
    await this.#startAtLeast(Math.max(this.#options.minInstances, 1));
  }

  async #startAtLeast(count: number): Promise<void> {
    this.#wanted = true;
    this.#takeCare();
    while (this.#roster.size < count) this.#roster.add();
    const starts = await Promise.allSettled(this.instances.map((each) => each.service.start()));
    const failure = starts.find((each) => each.status === 'rejected');
    if (failure && this.primary === undefined) throw failure.reason;
  }

  async stop(reason: string): Promise<void> {
    this.#wanted = false;
    this.#caretaker.stop();
    this.#recycler.stop();
    for (const session of this.sessions.all()) this.sessions.close(session.opening.sessionId);
    await this.#roster.stop(reason);
    if (this.#roster.size === 0) this.#state.rest(reason);
    this.#noteState(reason);
  }

  /** New processes: without breaking a session while some run, else all at once. */
  async restart(reason: string): Promise<void> {
    this.#wanted = true;
    this.#takeCare();
    if (this.#options.failover && this.primary) {
      await this.upgrade();
      return;
    }
    if (this.#roster.size === 0) await this.start();
    else await Promise.all(this.instances.map((each) => each.service.restart(reason)));
  }

  /**
   * Other bounds, from now on: instances that are missing start, those that are too many are emptied and
   * taken away. No session ends by it. Resolves when that is done; throws when a start fails.
   */
  async setBounds(bounds: PoolBounds): Promise<void> {
    this.#options = { ...this.#options, ...bounds };
    this.#state.onDemand = bounds.minInstances === 0;
    if (!this.#wanted) return;
    this.#caretaker.stop();
    this.#recycler.stop();
    this.#takeCare();
    // While one is being replaced there is one more than there will be.
    await this.#renewal.settled();
    const staying = this.instances.filter((each) => !each.draining);
    const leastLoadedFirst = staying.toSorted((one, other) => this.#load(one) - this.#load(other));
    const leaving = leastLoadedFirst.slice(0, Math.max(0, staying.length - bounds.maxInstances));
    const reason = 'max_instances is lower now';
    await Promise.all(leaving.map((each) => this.#renewal.retire(each, reason)));
    if (this.#wanted && this.#roster.size < bounds.minInstances)
      await this.#startAtLeast(bounds.minInstances);
  }

  /**
   * New processes, because there is another program to run: one by one, so that no session breaks, or all
   * at once where none runs. Without effect on a pool that was stopped or rests.
   */
  async renew(reason: string): Promise<void> {
    if (!this.#wanted || this.#roster.size === 0) return;
    if (this.primary) {
      await this.#renewal.upgradeAgain();
      return;
    }
    await Promise.all(this.instances.map((each) => this.#roster.remove(each, reason)));
    await this.start();
  }

  /** Lets one more session in; throws `too_many_sessions`. The session counts until what it returns is called. */
  admit(): () => void {
    const { maxSessions, name } = this.#options;
    if (maxSessions > 0 && this.sessions.size + this.#admitted >= maxSessions) {
      const section = name === 'mcp' ? '[mcp.pool]' : `server "${name}"`;
      throw new CodedError(
        'too_many_sessions',
        `All ${maxSessions} sessions are taken (${section} max_sessions). End one, or try again later.`,
      );
    }
    this.#admitted += 1;
    let isIn = true;
    return () => {
      if (isIn) this.#admitted -= 1;
      isIn = false;
    };
  }

  /**
   * The instance that takes a new session; waits up to `waitMs` for one to come up, and longer for one
   * that has to be started first. Throws `instance_unavailable` with the reason when none does.
   */
  async place(waitMs: number, signal?: AbortSignal): Promise<Instance> {
    const deadline = performance.now() + waitMs;
    this.#caretaker.noteUse();
    for (;;) {
      const instance = this.#leastLoaded();
      if (instance) return instance;
      if (this.isResting || this.#waking.isUnderWay) {
        await this.#untilAwake(signal);
        continue;
      }
      const { state, reason } = this.#state;
      if (!this.#wanted || state === 'failed' || performance.now() >= deadline) {
        throw this.#unavailable(`${state.replace('_', ' ')}: ${reason}`);
      }
      await delay(waitPollMs, undefined, signal && { signal });
    }
  }

  /**
   * Lets in a request that the first instance is to answer and that is none of MCP; one that rests is started, as
   * in `place`. The instance is needed until what this resolves with is called.
   */
  async visit(waitMs: number, signal: AbortSignal): Promise<() => void> {
    this.#caretaker.noteUse();
    const { primary } = this;
    const isThere = primary?.draining === false;
    return (isThere ? primary : await this.place(waitMs, signal)).visit();
  }

  /**
   * Replaces every instance by a new process, one by one, and loses no call. A new one that does not get
   * ready is taken away again, and the old ones stay: then this throws.
   */
  upgrade(): Promise<void> {
    return this.#renewal.upgrade();
  }

  /** Starts one more instance; throws `at_capacity` when there are as many as allowed. */
  async scaleUp(): Promise<void> {
    const { maxInstances, name } = this.#options;
    if (this.#roster.size >= maxInstances) {
      const section = name === 'mcp' ? '[mcp.pool]' : `server "${name}"`;
      throw new CodedError(
        'at_capacity',
        `All ${maxInstances} instances are there (${section} max_instances).`,
      );
    }
    this.#wanted = true;
    this.#takeCare();
    await this.#roster.add().service.start();
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

  /** The pool as one service. */
  status(): ServiceStatus {
    return this.#state.status(this.instances, this.primary, this.#renewal.progress);
  }

  instanceStatuses(): readonly InstanceStatus[] {
    return this.instances.map((each) => each.status(this.sessions.countOn(each)));
  }

  sessionStatuses(): readonly SessionStatus[] {
    return this.sessions.all().map((each) => ({ ...each.status(), server: this.name }));
  }

  /** What a session or a request without one adds to an instance. */
  #load(instance: Instance): number {
    return this.sessions.countOn(instance) + instance.opening;
  }

  #leastLoaded(): Instance | undefined {
    let best: Instance | undefined;
    for (const instance of this.instances) {
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

  /** Starts the first instance of a pool that rests; throws when it does not get ready. */
  async #untilAwake(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#waking.until(this.#options.startWaitMs, signal);
    } catch (error) {
      throw signal?.aborted ? error : this.#unavailable(messageOf(error));
    }
  }

  #unavailable(why: string): CodedError {
    const { name } = this.#options;
    const what = name === 'mcp' ? 'No MCP instance' : `No instance of the MCP server "${name}"`;
    return new CodedError('instance_unavailable', `${what} is running (${why}).`);
  }

  /** Starts one more instance in the background, unless one is on its way or all are there. */
  #scaleUp(): void {
    if (!this.#wanted || this.#roster.size >= this.#options.maxInstances) return;
    if (this.instances.some((instance) => !instance.isUp)) return;
    // A failure shows in the instance's state; the session at hand has its place already.
    this.#roster
      .add()
      .service.start()
      .catch(() => {});
  }

  #onTransition(instance: Instance, transition: StateTransition): void {
    if (transition.to === 'starting') this.tools.forget();
    if (transition.to !== 'ready' && transition.to !== 'unhealthy') this.#lost(instance);
    this.#options.onTransition(transition);
    this.#noteState(transition.reason);
  }

  /** Instances came or went. */
  #onInstances(reason: string): void {
    this.#options.onChange();
    this.#noteState(reason);
  }

  /** An instance ends or has ended: its sessions go elsewhere, or are over. */
  #lost(instance: Instance): void {
    instance.leave();
    if (this.#options.failover && this.#wanted) void this.#mover.moveAllFrom(instance);
    else
      for (const { opening } of this.sessions.on(instance)) this.sessions.close(opening.sessionId);
  }

  #takeCare(): void {
    this.#recycler.start();
    this.#caretaker.start();
  }

  #noteState(reason: string): void {
    this.#state.note(this.instances, this.#wanted, reason);
  }
}
