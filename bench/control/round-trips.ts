/** Connections that ask one thing after the other, each as soon as it has the reply before. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ControlAddress } from '../../test/control-client.ts';

export interface Load {
  readonly connections: number;
  /** One line, without its end. */
  readonly request: string;
  readonly measureMs: number;
}

export interface Numbers {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What is not measured: the engine compiles, buffers grow. */
const warmUpMs = 500;

/** Rejects when a reply is a refusal or a connection ends. */
export async function measure(address: ControlAddress, load: Load): Promise<Numbers> {
  const sockets = await Promise.all(Array.from({ length: load.connections }, () => open(address)));
  try {
    await run(sockets, load.request, warmUpMs);
    const times = await run(sockets, load.request, load.measureMs);
    times.sort((one, other) => one - other);
    const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
    return { perSecond: times.length / (load.measureMs / 1_000), p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function open(address: ControlAddress): Promise<Socket> {
  const socket =
    typeof address === 'number' ? connect(address, '127.0.0.1') : connect({ path: address });
  socket.setNoDelay(true);
  await once(socket, 'connect');
  return socket;
}

/** The times of all round trips that began within `ms`. */
async function run(sockets: readonly Socket[], request: string, ms: number): Promise<number[]> {
  const times: number[] = [];
  const until = performance.now() + ms;
  const line = `${request}\n`;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<void>((resolve, reject) => {
          let begun = 0;
          let start = '';
          const ask = () => {
            begun = performance.now();
            start = '';
            socket.write(line);
          };
          const read = (chunk: Buffer) => {
            if (start.length < 10) start += chunk.toString('latin1', 0, 10);
            if (chunk.at(-1) !== 0x0a) return;
            const now = performance.now();
            times.push(now - begun);
            if (!start.startsWith('{"ok":true')) finish(new Error(`refused: ${start}`));
            else if (now < until) ask();
            else finish(null);
          };
          const finish = (error: Error | null) => {
            socket.off('data', read);
            if (error) reject(error);
            else resolve();
          };
          socket.on('data', read);
          socket.once('close', () => finish(new Error('the connection ended')));
          ask();
        }),
    ),
  );
  return times;
}
