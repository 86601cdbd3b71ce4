/**
 * The instances of a pool, and the ports that they have. Each has a number of its own and a leased port,
 * held until it is taken away, so that a restart finds its port again.
 */
import { CodedError } from '../../../shared/errors.ts';
import type { StateTransition } from '../../../shared/status.ts';
import { displayName } from '../../../shared/wording.ts';
import { portTakenError } from '../http/port-owner.ts';
import type { Launch, ServiceOptions } from '../services/service.ts';
import { isPortFree } from './free-port.ts';
import { Instance, type Supervised } from './instance.ts';
import { leasePort, leaseThisPort, type PortLease } from './port-lease.ts';

/** Which ports the instances of a pool get. */
export interface PortPlan {
  /** The first one; 0 for any. */
  readonly base: number;
  /** It is the only one: the pool has one instance, which listens there. */
  readonly isFixed: boolean;
  /** Whose they are and which key says so, for messages: `MCP pool`, `[mcp.pool] base_port`. */
  readonly owner: string;
  readonly key: string;
}

export interface RosterOptions {
  /** The name of the pool. */
  readonly name: string;
  readonly ports: PortPlan;
  /** The command that starts one instance on a port. */
  readonly launch: (instance: string, port: number) => Launch | Promise<Launch>;
  /** Makes the supervised service of one instance. */
  readonly makeService: (
    options: Pick<
      ServiceOptions,
      'name' | 'displayName' | 'kind' | 'prepare' | 'isBusy' | 'onTransition'
    >,
  ) => Supervised;
  readonly onTransition: (instance: Instance, transition: StateTransition) => void;
}

export class Roster {
  readonly #options: RosterOptions;
  readonly #instances: Instance[] = [];
  /** By name of the instance. */
  readonly #leases = new Map<string, PortLease>();

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  /** In the order in which they were added. */
  get all(): readonly Instance[] {
    return this.#instances;
  }

  get size(): number {
    return this.#instances.length;
  }

  /** The first one that is up; one that is being emptied only where there is no other. */
  get primary(): Instance | undefined {
    const up = this.#instances.filter((instance) => instance.isUp);
    return up.find((instance) => !instance.draining) ?? up[0];
  }

  /** True while all instances have one port, so that the next one starts when the last has ended. */
  get hasFixedPort(): boolean {
    return this.#options.ports.isFixed;
  }

  named(name: string): Instance | undefined {
    return this.#instances.find((instance) => instance.name === name);
  }

  /** One instance more; it is not started yet. */
  add(): Instance {
    const { name: server, makeService, launch, onTransition } = this.#options;
    const number = this.#freeNumber();
    const name = `${server}:${number}`;
    const instance: Instance = new Instance(
      name,
      server,
      makeService({
        name,
        displayName: `${displayName(server)} instance ${number}`,
        kind: 'mcp_instance',
        prepare: async () => launch(name, await this.#claimPort(name)),
        isBusy: () => instance.inFlight > 0,
        onTransition: (transition): void => {
          if (transition.to === 'starting') instance.bornAt = performance.now();
          onTransition(instance, transition);
        },
      }),
    );
    this.#instances.push(instance);
    return instance;
  }

  /** Stops an instance and takes it away. */
  async remove(instance: Instance, reason: string): Promise<void> {
    await instance.service.stop(reason);
    const place = this.#instances.indexOf(instance);
    if (place !== -1) this.#instances.splice(place, 1);
    this.#leases.get(instance.name)?.release();
    this.#leases.delete(instance.name);
  }

  /** Stops all; they stay, and can be started again. */
  async stop(reason: string): Promise<void> {
    await Promise.all(this.#instances.map((each) => each.service.stop(reason)));
    for (const lease of this.#leases.values()) lease.release();
    this.#leases.clear();
  }

  #freeNumber(): number {
    for (let number = 1; ; number += 1) {
      if (this.named(`${this.#options.name}:${number}`) === undefined) return number;
    }
  }

  /** The instance's own port when it is free again, else the next free one. */
  async #claimPort(instance: string): Promise<number> {
    const own = this.#leases.get(instance);
    if (own !== undefined && (await isPortFree(own.port))) return own.port;
    own?.release();
    this.#leases.delete(instance);
    const { base, isFixed, owner, key } = this.#options.ports;
    const lease = isFixed ? await leaseThisPort(base) : await leasePort(base);
    if (lease === null) {
      if (isFixed) throw await portTakenError(base, owner);
      throw new CodedError('port_taken', `No free port from ${base} on. Set another ${key}.`);
    }
    this.#leases.set(instance, lease);
    return lease.port;
  }
}
