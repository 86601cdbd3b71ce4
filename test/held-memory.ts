/** What a program under `--inspect` really holds: its memory after its garbage is collected. */
import { WebSocket } from 'ws';

/** The program's flag that lets `heldBytes` in, on a port of the system's choice. */
export const inspectFlag = '--inspect=127.0.0.1:0';

interface Answer {
  readonly id: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
  readonly error?: { readonly message: string };
}

/** Bytes of objects and buffers; `output` is what the program printed, the inspector's address in it. */
export async function heldBytes(output: string): Promise<number> {
  const url = /^Debugger listening on (ws:\S+)$/m.exec(output)?.[1];
  if (url === undefined) throw new Error(`no inspector in:\n${output}`);
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  let lastId = 0;
  const ask = (method: string, params: object = {}) =>
    new Promise<Answer['result']>((resolve, reject) => {
      lastId += 1;
      const id = lastId;
      socket.on('message', (text: Buffer) => {
        const answer = JSON.parse(text.toString('utf8')) as Answer;
        if (answer.id !== id) return;
        if (answer.error) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  try {
    // Buffers are freed when their objects were, so by the second time.
    await ask('HeapProfiler.collectGarbage');
    await ask('HeapProfiler.collectGarbage');
    const expression = 'process.memoryUsage().heapUsed + process.memoryUsage().external';
    const answer = await ask('Runtime.evaluate', { expression, returnByValue: true });
    return Number(answer?.result?.value);
  } finally {
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.close();
    await closed;
  }
}
