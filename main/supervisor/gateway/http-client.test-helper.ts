/**
 * For tests: requests exactly as they are meant, each on a connection of its own. `fetch` would choose
 * some headers itself, and answers only to what is well-formed.
 */
import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface Call {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly text: string;
}

/** An answer of which at least the head has arrived. */
export class OpenAnswer implements Disposable {
  readonly response: IncomingMessage;
  /** What has arrived of the body. */
  text = '';
  /** Null while more may come. */
  ending: 'complete' | 'broken' | null = null;
  readonly #ended: Promise<void>;

  constructor(response: IncomingMessage) {
    this.response = response;
    response.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
    });
    response.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      response.on('close', () => {
        this.ending = response.complete ? 'complete' : 'broken';
        resolve();
      });
    });
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  get ended(): Promise<void> {
    return this.#ended;
  }

  hangUp(): void {
    this.response.destroy();
  }

  [Symbol.dispose](): void {
    this.hangUp();
  }
}

/** Resolves with the head of the answer; `path` is `/mcp` unless told. */
export async function open(port: number, call: Call): Promise<OpenAnswer> {
  return new OpenAnswer(await headOf(port, call));
}

/** Resolves with the complete answer. */
export async function send(port: number, call: Call): Promise<Answered> {
  const answer = await open(port, call);
  await answer.ended;
  if (answer.ending === 'broken') throw new Error('the answer broke off');
  const { headers, rawHeaders } = answer.response;
  return { status: answer.status, headers, rawHeaders, text: answer.text };
}

function headOf(port: number, call: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', path = '/mcp', headers = {} } = call;
    const options = { host: '127.0.0.1', port, method, path, agent: false };
    const outgoing = request({ ...options, headers: headers as Record<string, string> });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}

/** A connection on which a test writes and reads bytes by hand. */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  /** Everything received, as latin1. */
  received = '';
  closed = false;
  readonly closing: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.received += chunk;
    });
    socket.on('error', () => {});
    this.closing = new Promise((resolve) => {
      socket.on('close', () => {
        this.closed = true;
        resolve();
      });
    });
  }

  /** Sends latin1; resolves when there is room for more, or nobody left to take it. */
  async write(bytes: string): Promise<void> {
    if (this.closed || this.socket.write(bytes, 'latin1')) return;
    const drained = new Promise((resolve) => this.socket.once('drain', resolve));
    await Promise.race([drained, this.closing]);
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Connects and sends `bytes` (latin1). */
export async function raw(port: number, bytes: string): Promise<RawConnection> {
  const socket = connect({ host: '127.0.0.1', port });
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const connection = new RawConnection(socket);
  await connection.write(bytes);
  return connection;
}
