/** Refusing in words on a connection that was about to become a WebSocket: there is no response object. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';

/** How long a client may take to read the refusal and go, in ms. */
const lingerMs = 2_000;

/** A refusal as HTTP says it. */
export interface Refusal {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is answered to an error elsewhere, too. */
export function refusalOf(error: unknown): Refusal {
  const status = error instanceof CodedError ? error.status : 500;
  return { status, body: { ok: false, error: messageOf(error), code: codeOf(error) } };
}

/** Answers, then ends the connection. */
export function refuseSocket(socket: Duplex, { status, body, headers = {} }: Refusal): void {
  if (socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const bytes = Buffer.from(JSON.stringify(body));
  const head = {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': String(bytes.length),
    'Cache-Control': 'no-store',
    ...headers,
    Connection: 'close',
  };
  const lines = Object.entries(head).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${lines.join('')}\r\n`);
  socket.end(bytes);
  // Data that nobody reads would turn the end into a reset, and the refusal would be lost.
  socket.resume();
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
}
