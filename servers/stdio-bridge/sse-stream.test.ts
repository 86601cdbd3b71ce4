import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { until } from '../../test/until.ts';
import { Flow } from './flow.ts';
import { type Patience, SseStream } from './sse-stream.ts';

vi.setConfig({ testTimeout: 60_000 });

/** More than the buffers of two sockets hold. */
const answer = 'x'.repeat(32 * 1024 * 1024);

interface Rig extends AsyncDisposable {
  readonly stream: SseStream;
  readonly response: ServerResponse;
  /** The client's end; nothing is read from it yet. */
  readonly client: Socket;
  /** False while what feeds the stream waits for the client. */
  readonly isFlowing: () => boolean;
}

async function openRig(patience: Patience): Promise<Rig> {
  const server = createServer();
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, response] = await asked;
  let isFlowing = true;
  const flow = new Flow();
  flow.attach({
    pause: () => {
      isFlowing = false;
    },
    resume: () => {
      isFlowing = true;
    },
  });
  return {
    stream: new SseStream(response, flow, {}, patience),
    response,
    client,
    isFlowing: () => isFlowing,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Takes a piece every so many ms, until the whole answer is there or the stream has ended. */
async function readSlowly(client: Socket, pieceBytes: number, periodMs: number): Promise<number> {
  let taken = 0;
  const timer = setInterval(() => {
    const piece = (client.read(pieceBytes) ?? client.read()) as Buffer | null;
    taken += piece?.length ?? 0;
    if (taken >= answer.length) client.destroy();
  }, periodMs);
  await once(client, 'close');
  clearInterval(timer);
  return taken;
}

test('a client that reads slowly but steadily gets a large answer whole', async () => {
  await using rig = await openRig({ stallMs: 1_500, congestedMs: 50_000 });
  rig.stream.send(answer);
  expect(rig.isFlowing()).toBe(false);
  const since = performance.now();
  // Node reads ahead as far as its own buffer goes; the rest waits in the system and here.
  expect(await readSlowly(rig.client, 64 * 1024, 10)).toBeGreaterThanOrEqual(answer.length);
  expect(performance.now() - since).toBeGreaterThan(1_500);
});

test('a client that takes nothing loses the stream, and what it held up goes on', async () => {
  await using rig = await openRig({ stallMs: 100, congestedMs: 50_000 });
  rig.stream.send(answer);
  await until(() => rig.response.destroyed && rig.isFlowing(), { what: 'the end of the stream' });
  expect(rig.stream.isOpen).toBe(false);
});

test('a client that has not caught up in the end loses the stream, however steadily it reads', async () => {
  await using rig = await openRig({ stallMs: 50_000, congestedMs: 300 });
  rig.stream.send(answer);
  const taken = readSlowly(rig.client, 1_024, 10);
  await until(() => rig.response.destroyed && rig.isFlowing(), { what: 'the end of the stream' });
  rig.client.destroy();
  expect(await taken).toBeLessThan(answer.length);
});

test('a client that has caught up is waited for as long as it likes', async () => {
  await using rig = await openRig({ stallMs: 1_500, congestedMs: 3_000 });
  rig.client.resume();
  rig.stream.send(answer);
  await until(rig.isFlowing, { what: 'the client to catch up' });
  const quiet = performance.now();
  await until(() => performance.now() - quiet > 4_000, { what: 'a while' });
  expect(rig.stream.isOpen).toBe(true);
});
