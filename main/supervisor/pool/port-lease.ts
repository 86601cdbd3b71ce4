/**
 * The right to start a server on a port. That a port is free says little: a server needs a while until
 * it listens, and another supervisor that looks in the meantime would start its own server there. One of
 * the two fails, and until then both take the other one for theirs and send it their clients. So
 * whoever wants a port binds its UDP twin first, as a sign for others of its kind. The sign works the
 * same on every system and vanishes with the process, however that ends.
 */
import { createSocket } from 'node:dgram';
import { findFreePort, isPortFree, lacksDescriptor } from './free-port.ts';

/** How many ports are tried. */
const maxTries = 200;

export interface PortLease {
  readonly port: number;
  release(): void;
}

/**
 * Takes the first port from `basePort` on that nobody uses or has leased; with base 0 any such port.
 * Null when there is none.
 */
export async function leasePort(basePort: number): Promise<PortLease | null> {
  const leasedByOthers = new Set<number>();
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = await findFreePort(basePort, leasedByOthers);
    if (port === null) return null;
    const lease = await signFor(port);
    if (lease !== null) return lease;
    leasedByOthers.add(port);
  }
  return null;
}

/** Takes this one port; null when somebody uses it or has leased it. */
export async function leaseThisPort(port: number): Promise<PortLease | null> {
  return (await isPortFree(port)) ? await signFor(port) : null;
}

/**
 * Null when somebody else has put the sign there. Without a descriptor for it (see `isPortFree`) the port
 * is taken without a sign.
 */
function signFor(port: number): Promise<PortLease | null> {
  return new Promise((resolve) => {
    const twin = createSocket('udp4');
    twin.once('error', (error) => {
      twin.close();
      resolve(lacksDescriptor(error) ? { port, release: () => {} } : null);
    });
    twin.bind({ address: '127.0.0.1', port, exclusive: true }, () => {
      // A sign is no reason to live on.
      twin.unref();
      resolve({ port, release: () => twin.close() });
    });
  });
}
