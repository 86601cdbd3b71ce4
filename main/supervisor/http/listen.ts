import type { AddressInfo, Server } from 'node:net';
import { portTakenError } from './port-owner.ts';

/**
 * Binds a server to a TCP port of the loopback interface and tells the port; 0 takes any free one.
 * `what` names its owner and its config key in messages. Throws `port_taken`, naming the program, when
 * another one has it.
 */
export async function listenOnLoopback(
  server: Server,
  port: number,
  what: string,
  host = '127.0.0.1',
): Promise<number> {
  try {
    await bind(server, port, host);
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      ? await portTakenError(port, what)
      : error;
  }
  return (server.address() as AddressInfo).port;
}

function bind(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', reject);
      // No more file descriptors, for a while: that connection is lost, the server is not.
      server.on('error', () => {});
      resolve();
    });
  });
}

/** Stops accepting and waits until the server has closed; open sockets are the caller's to end. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
