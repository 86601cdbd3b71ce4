import { createServer } from 'node:net';

/** How many ports above the base are tried before the pool gives up. */
const searchedPorts = 200;

/** True when nobody listens on the port of the loopback interface or of all interfaces. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/**
 * The first free port from `basePort` on that is not in `taken`; with base 0 any port the system
 * offers. Null when there is none among the next 200.
 */
export async function findFreePort(
  basePort: number,
  taken: ReadonlySet<number>,
): Promise<number | null> {
  if (basePort === 0) return await anyFreePort();
  const last = Math.min(basePort + searchedPorts, 65_536);
  for (let port = basePort; port < last; port += 1) {
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  return null;
}

function anyFreePort(): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      server.close(() => {
        resolve(address !== null && typeof address === 'object' ? address.port : null);
      });
    });
  });
}
