/** What a process that was started with `--inspect` holds on to, asked for through the inspector. */

/** A collection of a large heap on a busy machine. */
const answerTimeoutMs = 30_000;

/** Bytes in use after a full collection of garbage: resident memory alone says what once was used. */
export async function retainedBytes(inspectorUrl: string): Promise<number> {
  const socket = new WebSocket(inspectorUrl);
  const signal = AbortSignal.timeout(answerTimeoutMs);
  try {
    await heard(socket, 'open', signal);
    await ask(socket, 1, 'HeapProfiler.collectGarbage', signal);
    const { usedSize } = await ask(socket, 2, 'Runtime.getHeapUsage', signal);
    return Number(usedSize);
  } finally {
    socket.close();
  }
}

interface Answer {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
}

async function ask(socket: WebSocket, id: number, method: string, signal: AbortSignal) {
  socket.send(JSON.stringify({ id, method }));
  for (;;) {
    const { data } = (await heard(socket, 'message', signal)) as MessageEvent;
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id === id) return answer.result ?? {};
  }
}

function heard(socket: WebSocket, type: 'open' | 'message', signal: AbortSignal): Promise<Event> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(type, resolve, { once: true });
    for (const ending of ['error', 'close'] as const) {
      socket.addEventListener(ending, () => reject(new Error(`inspector: ${ending}`)), {
        once: true,
      });
    }
    signal.addEventListener('abort', () => reject(new Error('the inspector did not answer')), {
      once: true,
    });
  });
}
