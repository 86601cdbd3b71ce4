/**
 * The ports of services that are no pool, from the moment they are chosen until somebody listens there.
 * In between a port looks free to everybody, our own pools included: two programs would be sent to the
 * same one, and the probe of the one that loses be answered by the other.
 */
import { portTakenError } from './http/port-owner.ts';
import { leasePort, leaseThisPort, type PortLease } from './pool/port-lease.ts';

export class PortClaims {
  /** By name of the service. */
  readonly #leases = new Map<string, PortLease>();

  /**
   * The configured port if nobody has it, any free one for 0, kept for the service until it has settled.
   * Throws `port_taken`, with `owner` for people. Kills nobody (W25).
   */
  async claim(service: string, port: number, owner: string): Promise<number> {
    this.settled(service);
    const lease = port === 0 ? await leasePort(0) : await leaseThisPort(port);
    if (lease === null) throw await portTakenError(port, owner);
    this.#leases.set(service, lease);
    return lease.port;
  }

  /** It listens, or did not come so far: who asks for the port from now on finds out by trying. */
  settled(service: string): void {
    this.#leases.get(service)?.release();
    this.#leases.delete(service);
  }
}
