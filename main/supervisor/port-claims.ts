/**
 * The ports of services that are no pool, from the moment they are chosen until somebody listens there.
 * In between a port looks free to everybody, our own pools included: two programs would be sent to the
 * same one, and the probe of the one that loses be answered by the other.
 */
import { portTakenError } from './http/port-owner.ts';
import { leasePort, leaseThisPort, type PortLease } from './pool/port-lease.ts';

interface Claim {
  /** Null until the port is found. */
  lease: PortLease | null;
}

export class PortClaims {
  /** By name of the service. */
  readonly #claims = new Map<string, Claim>();

  /**
   * The configured port if nobody has it, any free one for 0, kept for the service until it has settled.
   * Throws `port_taken`, with `owner` for people. Kills nobody (W25).
   */
  async claim(service: string, port: number, owner: string): Promise<number> {
    this.settled(service);
    const claim: Claim = { lease: null };
    this.#claims.set(service, claim);
    const lease = port === 0 ? await leasePort(0) : await leaseThisPort(port);
    if (lease === null) throw await portTakenError(port, owner);
    // It may have been stopped meanwhile.
    if (this.#claims.get(service) === claim) claim.lease = lease;
    else lease.release();
    return lease.port;
  }

  /** It listens, or did not come so far: who asks for the port from now on finds out by trying. */
  settled(service: string): void {
    this.#claims.get(service)?.lease?.release();
    this.#claims.delete(service);
  }
}
