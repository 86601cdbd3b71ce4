import type { AddressInfo, Server } from 'node:net';
import { CodedError } from '../../../shared/errors.ts';

/**
 * Binds a server to a TCP port of the loopback interface and tells the port; 0 takes any free one.
 * `what` names its owner and its config key in messages. Throws `port_taken` when another program
 * has it.
 */
export async function listenOnLoopback(
  server: Server,
  port: number,
  what: string,
  host = '127.0.0.1',
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new CodedError(
              'port_taken',
              `Port ${port} of the ${what} is in use by another program. Stop that program or set another port.`,
              { cause: error },
            )
          : error,
      );
    };
    server.once('error', onError);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', onError);
      // No more file descriptors, for a while: that connection is lost, the server is not.
      server.on('error', () => {});
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Stops accepting and waits until the server has closed; open sockets are the caller's to end. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
