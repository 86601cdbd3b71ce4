/** For tests: clients of the dashboard that show exactly what came over the wire. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { SocketMessage } from './dashboard-api.d.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One GET with any headers, also those that fetch does not let through (`Host`). */
export async function get(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false }).end();
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

export interface OpenStream {
  readonly headers: IncomingHttpHeaders;
  /** All that came so far. */
  text(): string;
  /** How many characters came so far. */
  length(): number;
  /** The socket below, to stop reading from it. */
  readonly socket: Socket;
  /** Resolves when the server ended or cut the stream. */
  readonly ended: Promise<unknown>;
  close(): void;
}

/** Opens an event stream and waits for its head. */
export async function openStream(port: number, path = '/api/events/stream'): Promise<OpenStream> {
  const sent = request({ host: '127.0.0.1', port, path, agent: false }).end();
  const [response] = await once(sent, 'response');
  // A stream that is cut ends in an error here, which is an end like any other.
  sent.on('error', () => {});
  response.on('error', () => {});
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return {
    headers: response.headers,
    text: () => text,
    length: () => text.length,
    socket: response.socket,
    ended: new Promise((resolve) => response.once('close', resolve)),
    close: () => sent.destroy(),
  };
}

export interface Peer {
  readonly socket: WebSocket;
  readonly messages: readonly SocketMessage[];
  /** The close code. */
  readonly closed: Promise<number>;
}

/** Opens a WebSocket on `/ws` and waits until it is open. */
export async function openPeer(port: number): Promise<Peer> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
  const messages: SocketMessage[] = [];
  socket.on('message', (data: Buffer) =>
    messages.push(JSON.parse(data.toString()) as SocketMessage),
  );
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  return { socket, messages, closed };
}

/** The status that a WebSocket upgrade with these headers is answered with; 101 when accepted. */
export async function upgradeStatus(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  }).end();
  const response = await Promise.race([once(sent, 'response'), once(sent, 'upgrade')]);
  sent.destroy();
  return response[0].statusCode;
}
