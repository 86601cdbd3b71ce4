/** Many subscribers, some of whom have stopped reading, on real sockets. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import pino from 'pino';
import { expect, test } from 'vitest';
import { defaultConfig } from '../../../shared/config-schema.ts';
import { channelOf, nextTick, publish } from './channel.test-helper.ts';
import { createSseEndpoint } from './sse-endpoint.ts';

const readers = 1_000;
const stopped = 50;
const events = 1_000;
const perTurn = 20;

/** Counts events as they come, without keeping them: ids must follow each other. */
class Reader {
  readonly socket: Socket;
  next = 1;
  gaps = 0;
  wrong = 0;
  #rest = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    this.socket.on('data', (chunk: Buffer) => {
      const lines = (this.#rest + chunk.toString('latin1')).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) this.#line(line);
    });
  }

  #line(line: string): void {
    if (line === 'event: gap') this.gaps += 1;
    if (!line.startsWith('id: ')) return;
    if (Number(line.slice(4)) !== this.next) this.wrong += 1;
    this.next += 1;
  }
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('a thousand subscribers get a thousand events while fifty others have stopped reading', {
  timeout: 60_000,
}, async () => {
  const channel = channelOf({ bufferSize: 256, replayBufferSize: 100 });
  const sse = createSseEndpoint({
    channel: () => channel,
    settings: { ...defaultConfig.events, max_subscribers: readers + stopped },
    logger: pino({ level: 'silent' }),
  });
  const server = createServer(sse);
  const port = await listen(server);
  const reading = Array.from({ length: readers }, () => new Reader(port));
  const silent = Array.from({ length: stopped }, () => new Reader(port));
  while (channel.subscriberCount < readers + stopped) await nextTick();
  for (const { socket } of silent) socket.pause();

  for (let sent = 0; sent < events; sent += perTurn) {
    publish(channel, perTurn);
    // The readers live in this very process: they get their turn as programs of their own would.
    const slowest = () => Math.min(...reading.map(({ next }) => next));
    while (slowest() <= sent - 5 * perTurn) await nextTick();
  }
  while (reading.some(({ next }) => next <= events)) await nextTick();

  expect(reading.filter(({ gaps, wrong }) => gaps + wrong > 0)).toEqual([]);
  expect(channel.totals.delivered).toBeGreaterThanOrEqual(readers * events);
  // Whoever does not read costs its backlog: one limit, and the one batch that passed it.
  const backlogs = channel.subscribers().map(({ backlog }) => backlog);
  expect(Math.max(...backlogs)).toBeLessThan(160 * 1024);
  for (const { socket } of [...reading, ...silent]) socket.destroy();
  server.close();
});
