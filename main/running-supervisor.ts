import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { ControlRequest, Reply, ReplyData } from '../shared/control-protocol.ts';

/** A local supervisor answers within milliseconds; a busy one within this, in ms. */
const answerTimeoutMs = 3_000;

/**
 * Asks a supervisor that may run already, over its control socket, who it is, and to show its window.
 * Null when nobody answers, or somebody who is no supervisor of this kind; never throws.
 */
export async function greetRunningSupervisor(
  socketPath: string,
): Promise<ReplyData['WhoAmI'] | null> {
  const requests: readonly ControlRequest[] = [
    { type: 'WhoAmI', client: 'second start' },
    { type: 'SetHealthWindowVisibility', visible: true },
  ];
  return await new Promise((resolve) => {
    const replies: (Reply | null)[] = [];
    const socket = connect(socketPath);
    const deadline = setTimeout(() => socket.destroy(), answerTimeoutMs);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(introductionIn(replies[0]));
    });
    socket.on('connect', () => {
      for (const request of requests) socket.write(`${JSON.stringify(request)}\n`);
    });
    createInterface({ input: socket })
      .on('line', (line) => {
        replies.push(replyIn(line));
        const who = introductionIn(replies[0]);
        if (who && replies.length < requests.length) return;
        resolve(who);
        socket.destroy();
      })
      // The socket's own error handler has dealt with it.
      .on('error', () => {});
  });
}

function replyIn(line: string): Reply | null {
  try {
    return JSON.parse(line) as Reply | null;
  } catch {
    return null;
  }
}

function introductionIn(reply: Reply | null | undefined): ReplyData['WhoAmI'] | null {
  const who = (reply?.ok ? reply.data : null) as Partial<ReplyData['WhoAmI']> | null;
  return who?.server_name === 'project-memory-supervisor' ? (who as ReplyData['WhoAmI']) : null;
}
