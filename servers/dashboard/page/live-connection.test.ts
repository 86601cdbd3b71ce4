import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveConnection } from './live-connection.ts';

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function connect() {
  const sockets: FakeSocket[] = [];
  const told: unknown[] = [];
  const connection = new LiveConnection({
    open: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    connected: () => told.push('connected'),
    lost: () => told.push('lost'),
    message: (message) => told.push(message),
  });
  return { connection, sockets, told };
}

test('each loss in a row waits twice as long, up to 30 s; a good connection starts anew', () => {
  const { sockets } = connect();
  for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    const tries = sockets.length;
    sockets.at(-1)?.onclose?.();
    vi.advanceTimersByTime(waitMs - 1);
    expect(sockets).toHaveLength(tries);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(tries + 1);
  }
  const tries = sockets.length;
  sockets.at(-1)?.onopen?.();
  sockets.at(-1)?.onclose?.();
  vi.advanceTimersByTime(1_000);
  expect(sockets).toHaveLength(tries + 1);
});

test('connection, messages and loss are told', () => {
  const { sockets, told } = connect();
  const [socket] = sockets;
  socket?.onopen?.();
  socket?.onmessage?.({ data: '{"type":"resync","data":{}}' });
  socket?.onclose?.();
  expect(told).toEqual(['connected', { type: 'resync', data: {} }, 'lost']);
});

test('trying now replaces the wait, and does nothing while a connection stands or is tried', () => {
  const { connection, sockets } = connect();
  connection.tryNow();
  expect(sockets).toHaveLength(1);
  sockets[0]?.onclose?.();
  connection.tryNow();
  expect(sockets).toHaveLength(2);
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(2);
});
