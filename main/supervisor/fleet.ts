/**
 * All services of a configuration: what they are, in which order they start and stop, and what becomes
 * of them when the configuration changes.
 *
 * All start side by side; each waits for what it needs (`depends_on`, `requires_mcp`) and says so. They
 * stop in reverse: first those that need others, and the pools when the gateway has closed. A changed
 * configuration touches only the services that it is about. Changes are applied one after the other, and
 * whoever starts or stops a service meanwhile has his turn after them: nobody starts what is just
 * being replaced.
 */
import { CodedError } from '../../shared/errors.ts';
import type {
  InstanceStatus,
  ServiceStatus,
  SessionStatus,
  StateTransition,
} from '../../shared/status.ts';
import type { BackendChoice } from './container-backend.ts';
import { type FleetParts, FleetServices, type Member } from './fleet-services.ts';
import { Pool } from './pool/pool.ts';
import type { PlannedChange, ServicePlan } from './service-plans.ts';
import { cooldownSettings, keptServices, needsOf } from './service-settings.ts';
import { Cooldowns } from './services/cooldowns.ts';
import { Dependencies, type NeededStatus } from './services/dependencies.ts';
import type { Kept } from './services/keep.ts';
import { Service } from './services/service.ts';
import { Terminal } from './terminal/terminal.ts';

export interface FleetOptions extends FleetParts {
  /** The services to begin with. */
  readonly plans: readonly ServicePlan[];
}

/** What can be started and stopped by name. */
export interface Startable {
  start(): Promise<void>;
  stop(reason: string): Promise<void>;
  restart(reason: string): Promise<void>;
  status(): ServiceStatus;
  readonly history: readonly StateTransition[];
}

/** A change that has begun; `done` rejects with the reason when it fails. */
export interface BegunChange {
  readonly change: PlannedChange;
  readonly done: Promise<void>;
}

/** The pool behind `/mcp`. */
const mainPool = 'mcp';

const changedReason = 'the configuration changed';

export class Fleet {
  readonly #options: FleetOptions;
  readonly #services: FleetServices;
  readonly #dependencies: Dependencies;
  /** By name in lower case, in the order in which they are shown. */
  #members = new Map<string, Member>();
  readonly #pools = new Map<string, Pool>();
  /** Settles when the changes that are being applied are over; null while there are none. */
  #changing: Promise<void> | null = null;
  #isEnding = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    const config = () => options.context.config;
    this.#dependencies = new Dependencies(needsOf(config()), (name) => this.#lookAt(name));
    const cooldowns = new Cooldowns(
      cooldownSettings(() => config().reconnect),
      (name) => this.#dependencies.dependentsOf(name),
    );
    this.#services = new FleetServices(options, {
      needs: (name) => this.#dependencies.of(name),
      cooldown: (name) => cooldowns.of(name),
      isThere: (member) => [...this.#members.values()].some((each) => each === member),
      onTransition: (transition) => this.#note(transition),
    });
    for (const plan of options.plans) this.#add(plan);
  }

  /** By name in lower case: `mcp` is the main one, the others are MCP servers of `[[servers]]`. */
  get pools(): ReadonlyMap<string, Pool> {
    return this.#pools;
  }

  /** The pool behind `/mcp`; null while MCP is switched off. */
  get pool(): Pool | null {
    return this.#pools.get(mainPool) ?? null;
  }

  /** How the instances of the main pool run. */
  get backend(): BackendChoice {
    return this.#services.backend;
  }

  get dashboard(): Service | null {
    return this.#service('dashboard');
  }

  get fallbackApi(): Service | null {
    return this.#service('fallback_api');
  }

  /** On demand; a service where the user has a program of their own for it. */
  get terminal(): Terminal | Service | null {
    const member = this.#members.get('interactive_terminal');
    return member === undefined || member instanceof Pool ? null : member;
  }

  /** Starts everything that is not on demand; resolves when each is ready or has told why not. Never throws. */
  async start(): Promise<void> {
    await Promise.allSettled([...this.#members.values()].map(begin));
  }

  /** Stops what may use the pools; `stopPools` comes when the gateway has closed. No change is applied any more. */
  async stopClients(reason: string): Promise<void> {
    this.#isEnding = true;
    await this.#changing;
    await this.#stopInOrder(reason, (name) => !this.#neededByPools().has(name));
  }

  /** Stops the pools, and then what they need. */
  async stopPools(reason: string): Promise<void> {
    await this.#stopInOrder(reason, (name) => this.#neededByPools().has(name));
  }

  /**
   * Makes the services be what the configuration, which is the running one by now, says. Resolves when
   * what has to end has ended and what has to start has begun to. To be called one after the other.
   */
  async apply(changes: readonly PlannedChange[]): Promise<readonly BegunChange[]> {
    if (this.#isEnding) return [];
    const applied = this.#apply(changes);
    this.#changing = applied.then(
      () => {},
      () => {},
    );
    try {
      return await applied;
    } finally {
      this.#changing = null;
      this.#options.onChange();
    }
  }

  async #apply(changes: readonly PlannedChange[]): Promise<readonly BegunChange[]> {
    const replaced = changes.filter((change) => this.#isReplaced(change));
    const leaving = new Map(
      [...changes.filter(({ action }) => action === 'stop'), ...replaced].map(({ plan }) => [
        plan.name.toLowerCase(),
        this.#members.get(plan.name.toLowerCase()),
      ]),
    );
    const pausing = changes
      .filter((change) => change.action === 'restart' && !replaced.includes(change))
      .filter(({ plan }) => this.#members.get(plan.name.toLowerCase()) instanceof Service)
      .map(({ plan }) => plan.name.toLowerCase())
      .filter((name) => this.#members.get(name)?.status().state !== 'stopped');
    const ending = new Map([
      ...leaving,
      ...pausing.map((name) => [name, this.#members.get(name)] as const),
    ]);
    // Nobody finds them any more, so nobody starts them again.
    for (const name of leaving.keys()) this.#remove(name);
    // All end before any begins: one may want the port that another one has.
    await this.#dependencies.stopInOrder([...ending.keys()], async (name) => {
      await ending.get(name)?.stop(changedReason);
    });
    for (const member of leaving.values()) if (member instanceof Terminal) member.close();
    this.#dependencies.update(needsOf(this.#options.context.config));
    for (const { action, plan } of changes) {
      if (action !== 'stop' && !this.#members.has(plan.name.toLowerCase())) this.#add(plan);
    }
    this.#sort(changes);
    return changes
      .filter(({ action }) => action !== 'none')
      .map((change) => {
        const done = this.#begin(change, leaving, pausing);
        // Its state says it, too; whoever wants to know asks later.
        done.catch(() => {});
        return { change, done };
      });
  }

  /** It becomes a thing of another kind, so it cannot just start anew. */
  #isReplaced({ action, plan, isOther }: PlannedChange): boolean {
    return action === 'restart' && isOther && this.#members.has(plan.name.toLowerCase());
  }

  async #begin(
    { action, plan }: PlannedChange,
    leaving: ReadonlyMap<string, unknown>,
    paused: readonly string[],
  ): Promise<void> {
    const name = plan.name.toLowerCase();
    const member = this.#members.get(name);
    if (action === 'stop' || member === undefined) return;
    if (action === 'start' || leaving.has(name)) await begin(member);
    else if (member instanceof Pool) {
      const renewed = action === 'restart' ? member.renew(changedReason) : Promise.resolve();
      // First the new program: what a higher minimum starts need not be replaced at once.
      await Promise.allSettled([renewed]);
      await member.setBounds(this.#services.boundsOf(plan));
      await renewed;
    } else if (paused.includes(name)) await member.restart(changedReason);
  }

  #add(plan: ServicePlan): void {
    const name = plan.name.toLowerCase();
    const member = this.#services.make(plan);
    this.#members.set(name, member);
    if (member instanceof Pool) this.#pools.set(name, member);
  }

  #remove(name: string): void {
    this.#members.delete(name);
    this.#pools.delete(name);
  }

  /** As they stand in the configuration. */
  #sort(changes: readonly PlannedChange[]): void {
    const names = changes.map(({ plan }) => plan.name.toLowerCase());
    const sorted = [...this.#members].toSorted(
      ([one], [other]) => names.indexOf(one) - names.indexOf(other),
    );
    this.#members = new Map(sorted);
  }

  /** Stops some of the services, each after those that need it. */
  async #stopInOrder(reason: string, isMeant: (name: string) => boolean): Promise<void> {
    const names = [...this.#members.keys()].filter(isMeant);
    await this.#dependencies.stopInOrder(names, async (name) => {
      await this.#members.get(name)?.stop(reason);
    });
  }

  /** The pools and all that they need, by name in lower case. */
  #neededByPools(): ReadonlySet<string> {
    const isNeeded = (name: string) =>
      this.pools.has(name) ||
      [...this.#dependencies.dependentsOf(name)].some((dependent) => this.pools.has(dependent));
    return new Set([...this.#members.keys()].filter(isNeeded));
  }

  /** The services whose processes survive the supervisor. */
  keptServices(): readonly Kept[] {
    return keptServices(this.#options.context.config);
  }

  /** The instances of all pools. */
  instanceStatuses(): readonly InstanceStatus[] {
    return [...this.pools.values()].flatMap((pool) => pool.instanceStatuses());
  }

  /** The MCP sessions of all pools. */
  sessionStatuses(): readonly SessionStatus[] {
    return [...this.pools.values()].flatMap((pool) => pool.sessionStatuses());
  }

  /** Ends a session wherever it lives; false when nobody knows it. */
  async closeSession(sessionId: string): Promise<boolean> {
    for (const pool of this.pools.values()) {
      if (await pool.closeSession(sessionId)) return true;
    }
    return false;
  }

  /** The services that people know, in the order they are shown. */
  services(): readonly Startable[] {
    return [...this.#members.values()];
  }

  /** A pool by name; throws `unknown_service`, for the main one also while MCP is switched off. */
  requirePool(name: string): Pool {
    const pool = this.pools.get(name.toLowerCase());
    if (pool) return pool;
    if (name === mainPool)
      throw new CodedError('unknown_service', 'MCP is switched off: [mcp] enabled = false.');
    const known = [...this.pools.values()].map((each) => each.name).join(', ');
    throw new CodedError(
      'unknown_service',
      `There is no MCP server "${name.slice(0, 80)}". Known: ${known || 'none'}.`,
    );
  }

  /**
   * A service or an instance of a pool (`mcp:1`); throws `unknown_service` naming the known ones. What is
   * begun with it while the configuration changes begins after that.
   */
  byName(name: string): Startable {
    const found = this.#require(name);
    if (this.#changing === null) return found;
    const later = async () => {
      await this.#changing;
      return this.#require(name);
    };
    return {
      history: found.history,
      status: () => found.status(),
      start: async () => await (await later()).start(),
      stop: async (reason) => await (await later()).stop(reason),
      restart: async (reason) => await (await later()).restart(reason),
    };
  }

  #require(name: string): Startable {
    const instances = [...this.pools.values()].flatMap((pool) => pool.instances);
    const all = [...this.services(), ...instances.map((each) => each.service)];
    const wanted = name.toLowerCase();
    const found = all.find((service) => service.status().name.toLowerCase() === wanted);
    if (found) return found;
    const known = all.map((service) => service.status().name).join(', ');
    throw new CodedError(
      'unknown_service',
      `There is no service "${name.slice(0, 80)}". Known: ${known || 'none'}.`,
    );
  }

  #service(name: string): Service | null {
    const member = this.#members.get(name);
    return member instanceof Service ? member : null;
  }

  #note(transition: StateTransition): void {
    const { service, from, to, reason } = transition;
    const level = to === 'failed' || to === 'crash_loop' || to === 'unhealthy' ? 'warn' : 'info';
    this.#options.logger[level]({ service, from, reason }, to.replace('_', ' '));
    this.#options.onTransition(transition);
    this.#dependencies.changed();
  }

  #lookAt(name: string): NeededStatus | null {
    const found = this.#members.get(name.toLowerCase());
    if (found === undefined) return null;
    return { ...found.status(), isResting: found instanceof Pool && found.isResting };
  }
}

/** What is on demand waits for somebody who wants it. */
async function begin(member: Member): Promise<void> {
  if (member instanceof Pool) await member.open();
  else if (!member.status().onDemand) await member.start();
}
