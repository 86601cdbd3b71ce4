import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** How many ports above the base are tried before the pool gives up. */
const searchedPorts = 200;

/** True for an error that says nothing about a port: we have no file descriptor left to look with. */
export function lacksDescriptor({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EMFILE' || code === 'ENFILE';
}

/**
 * True when nobody listens on the port of the loopback interface or of all interfaces. When we have no file
 * descriptor left to ask with, nobody is accused: the start that follows fails for that reason, and is retried.
 */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(lacksDescriptor(error)));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/**
 * Where the search for any port begins, at random. No system gives ports below 32,768 to those who do not
 * care: one that it had offered could be somebody's before the server that it was meant for listens.
 */
const anyPort = { from: 20_000, to: 32_500 };

/**
 * The first free port from `basePort` on that is not in `taken`; with base 0 any port. Null when there is
 * none among the next 200.
 */
export async function findFreePort(
  basePort: number,
  taken: ReadonlySet<number>,
): Promise<number | null> {
  const first = basePort === 0 ? randomInt(anyPort.from, anyPort.to) : basePort;
  const last = Math.min(first + searchedPorts, 65_536);
  for (let port = first; port < last; port += 1) {
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  return null;
}
