import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { TerminalSize, ToPage } from '../../shared/terminal-protocol.ts';
import { type Socket, TerminalConnection, type TerminalState } from './terminal-connection.ts';

class FakeSocket implements Socket {
  binaryType: BinaryType = 'blob';
  readyState = 0;
  readonly sent: (string | Uint8Array)[] = [];
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.(new Event('open'));
  }

  says(message: ToPage): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent<string>);
  }

  prints(bytes: number): void {
    this.onmessage?.({ data: new ArrayBuffer(bytes) } as MessageEvent<ArrayBuffer>);
  }

  isLost(): void {
    this.readyState = 3;
    this.onclose?.(new Event('close') as CloseEvent);
  }

  told(): readonly unknown[] {
    return this.sent.filter((each) => typeof each === 'string').map((each) => JSON.parse(each));
  }
}

let sockets: FakeSocket[];
let states: TerminalState[];
let drawn: (() => void)[];
let resets: number;
let sizes: TerminalSize[];
let connection: TerminalConnection;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  states = [];
  drawn = [];
  sizes = [];
  resets = 0;
  connection = new TerminalConnection(
    () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    {
      reset: () => {
        resets += 1;
      },
      write: (_bytes, onDrawn) => drawn.push(onDrawn),
      resize: (size) => sizes.push(size),
      room: () => ({ columns: 100, rows: 30 }),
    },
    (state) => states.push(state),
  );
  connection.start();
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

function last(): FakeSocket {
  const socket = sockets.at(-1);
  if (!socket) throw new Error('nothing connected');
  return socket;
}

test('the first thing that is said is the room there is; keys go as bytes', () => {
  last().opens();
  expect(last().told()).toEqual([{ type: 'size', columns: 100, rows: 30 }]);
  connection.type('é');
  connection.typeBytes('\xff');
  expect(last().sent.slice(1)).toEqual([Uint8Array.of(0xc3, 0xa9), Uint8Array.of(0xff)]);
  last().says({ type: 'size', columns: 90, rows: 20 });
  expect(sizes).toMatchObject([{ columns: 90, rows: 20 }]);
});

test('what was drawn is told, in few messages, and never more than was drawn', () => {
  last().opens();
  for (let chunk = 0; chunk < 10; chunk += 1) last().prints(10_000);
  expect(last().told()).toHaveLength(1);
  for (const each of drawn) each();
  const reads = last().told().slice(1) as { readonly bytes: number }[];
  expect(reads.length).toBeLessThan(4);
  expect(reads.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(100_000);
});

test('a lost connection is made anew, and what comes then is drawn on an empty screen', () => {
  last().opens();
  last().isLost();
  expect(states.at(-1)).toEqual({ kind: 'connecting' });
  vi.advanceTimersByTime(1_000);
  expect(sockets).toHaveLength(2);
  last().opens();
  expect(resets).toBe(2);
  expect(states.at(-1)).toEqual({ kind: 'open' });
});

test('a forgotten page does not start shells for ever', () => {
  for (let tries = 0; tries < 20; tries += 1) {
    last().isLost();
    vi.advanceTimersByTime(1_000);
  }
  expect(sockets).toHaveLength(6);
  expect(states.at(-1)).toMatchObject({
    kind: 'ended',
    reason: 'The connection to the supervisor was lost.',
  });
});

test('the end of the shell is the end, with its reason, until a person wants another one', () => {
  last().opens();
  last().says({ type: 'ended', reason: 'the shell ended with exit code 0' });
  last().isLost();
  vi.advanceTimersByTime(60_000);
  expect(sockets).toHaveLength(1);
  expect(states.at(-1)).toEqual({ kind: 'ended', reason: 'The shell ended with exit code 0.' });
  connection.start();
  expect(sockets).toHaveLength(2);
});

test('a new shell behind the same connection begins on an empty screen', () => {
  last().opens();
  last().says({ type: 'begin' });
  expect(resets).toBe(2);
});
