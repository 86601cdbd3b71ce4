import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { ControlRequest, Reply, ReplyData } from '../shared/control-protocol.ts';

/** A local supervisor answers within milliseconds; a busy one within this, in ms. */
const answerTimeoutMs = 3_000;

/**
 * Asks a supervisor that may run already, over its control socket, who it is, and to show its window.
 * Null when nobody answers: then the place is free.
 */
export async function greetRunningSupervisor(
  socketPath: string,
): Promise<ReplyData['WhoAmI'] | null> {
  const requests: readonly ControlRequest[] = [
    { type: 'WhoAmI', client: 'second start' },
    { type: 'SetHealthWindowVisibility', visible: true },
  ];
  return await new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(null));
    socket.on('connect', () => {
      for (const request of requests) socket.write(`${JSON.stringify(request)}\n`);
    });
    const replies: Reply[] = [];
    createInterface({ input: socket })
      .on('line', (line) => {
        replies.push(JSON.parse(line) as Reply);
        const [who] = replies;
        if (replies.length < requests.length || !who?.ok) return;
        resolve(who.data as ReplyData['WhoAmI']);
        socket.destroy();
      })
      // The socket's own error handler has dealt with it.
      .on('error', () => {});
  });
}
