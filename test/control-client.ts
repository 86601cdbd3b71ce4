/** The control protocol as a script of a user would speak it: lines out, lines in, in order. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type {
  ControlRequest,
  Reply,
  ReplyData,
  RequestOf,
  RequestType,
} from '../shared/control-protocol.ts';

/** Path of the socket or pipe, or a TCP port of this machine. */
export type ControlAddress = string | number;

/** A busy machine answers within this, in ms. */
const replyTimeoutMs = 30_000;

export class ControlClient {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket })
      .on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line) as Reply))
      // The socket's own handlers deal with it.
      .on('error', () => {});
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) {
        reject(new Error('The control connection was closed before the reply.'));
      }
    });
  }

  /** Rejects when nobody listens. */
  static async open(address: ControlAddress): Promise<ControlClient> {
    const socket =
      typeof address === 'number' ? connect(address, '127.0.0.1') : connect({ path: address });
    await once(socket, 'connect');
    return new ControlClient(socket);
  }

  /** Sends a line of any text; the reply is the next one. Many may be under way at once. */
  async line(text: string): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const timer = setTimeout(
      () => reject(new Error(`no reply to ${text.slice(0, 200)}`)),
      replyTimeoutMs,
    );
    this.#waiting.push({ resolve, reject });
    this.#socket.write(`${text}\n`);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a request; a refusal is thrown. */
  async send<Type extends RequestType>(request: RequestOf<Type>): Promise<ReplyData[Type]> {
    const reply = await this.line(JSON.stringify(request satisfies object as ControlRequest));
    if (!reply.ok) throw new Error(`${request.type}: ${reply.code}: ${reply.error}`);
    return reply.data as ReplyData[Type];
  }

  close(): void {
    this.#socket.destroy();
  }
}
