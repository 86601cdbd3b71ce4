/**
 * One connection to a control door. Requests overlap and are matched to their replies by id, so a reply
 * that comes after its request was given up is nobody's, never that of the next one (old weakness W18).
 */
import { connect, type Socket } from 'node:net';
import type { ErrorReply, Reply, WatchLine } from '../shared/control-protocol.ts';
import type { Address } from './addresses.ts';
import { LineSplitter } from './line-splitter.ts';
import { SupervisorError } from './supervisor-error.ts';

/** The longest line that a supervisor takes, in bytes; a longer one would be answered without an id. */
export const maxRequestBytes = 1024 * 1024;

/** A reply that is longer is a mistake, in characters: a snapshot of a hundred services has a tenth. */
const maxReplyLength = 64 * 1024 * 1024;

/** A request of a supervisor that may know more types than this client. */
export interface AnyRequest {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface SendOptions {
  /** How long the reply may take, in ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: () => void;
}

/** Where the address leads, for messages. */
export function addressText(address: Address): string {
  return address.kind === 'socket' ? address.path : `127.0.0.1:${address.port}`;
}

export class Connection {
  /** Gets the lines of a watch. */
  onWatch: (line: WatchLine) => void = () => {};
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lines = new LineSplitter();
  readonly #onEnd = new Set<() => void>();
  #lastId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('end', () => socket.destroy());
    // `close` follows, and says it to everybody who waits.
    socket.on('error', () => {});
    socket.on('close', () => this.#end());
  }

  /** Throws `not_running` when nobody answers within the time. */
  static open(address: Address, timeoutMs: number, signal?: AbortSignal): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket =
        address.kind === 'socket' ? connect(address.path) : connect(address.port, '127.0.0.1');
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        socket.off('error', onError);
      };
      const fail = (error: unknown) => {
        finish();
        socket.on('error', () => {});
        socket.destroy();
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      const notThere = (why: string) =>
        fail(new SupervisorError('not_running', `${addressText(address)}: ${why}.`));
      const onError = (error: NodeJS.ErrnoException) => notThere(error.code ?? error.message);
      const onAbort = () => fail(signal?.reason);
      const timer = setTimeout(() => notThere(`no connection within ${timeoutMs} ms`), timeoutMs);
      if (signal?.aborted) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      socket.once('error', onError);
      socket.once('connect', () => {
        finish();
        resolve(new Connection(socket));
      });
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Calls back when the connection has ended, however it came. */
  whenEnded(listener: () => void): void {
    if (this.isOpen) this.#onEnd.add(listener);
    else listener();
  }

  /** Sends a request and waits for its reply, a refusal included; throws only when none came. */
  send(request: AnyRequest, { timeoutMs, signal }: SendOptions): Promise<Reply> {
    this.#lastId += 1;
    const id = this.#lastId;
    const line = `${JSON.stringify({ ...request, id })}\n`;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) throw signal.reason;
      if (Buffer.byteLength(line) > maxRequestBytes) {
        const text = `${request.type} is longer than ${maxRequestBytes} bytes.`;
        throw new SupervisorError('too_large', text);
      }
      if (!this.isOpen) throw disconnected(request.type);
      const settle = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        this.#waiting.delete(id);
      };
      const fail = (error: unknown) => {
        settle();
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      const onAbort = () => fail(signal?.reason);
      const timer = setTimeout(() => {
        fail(new SupervisorError('no_reply', `No reply to ${request.type} in ${timeoutMs} ms.`));
      }, timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(id, {
        resolve: (reply) => {
          settle();
          resolve(reply);
        },
        reject: () => fail(disconnected(request.type)),
      });
      this.#socket.write(line);
    });
  }

  /** Reads no further until `resume`: the supervisor then knows that we are slow. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    for (const line of this.#lines.push(text)) this.#take(line);
    if (this.#lines.pending > maxReplyLength) this.#socket.destroy();
  }

  #take(line: string): void {
    let message: Reply | WatchLine;
    try {
      message = JSON.parse(line) as Reply | WatchLine;
    } catch {
      // Whoever says this is no supervisor, or its stream is out of step: nothing after it can be trusted.
      this.#socket.destroy();
      return;
    }
    if ('type' in message) this.onWatch(message);
    else if (typeof message.id === 'number') this.#waiting.get(message.id)?.resolve(message);
  }

  #end(): void {
    for (const { reject } of this.#waiting.values()) reject();
    for (const listener of this.#onEnd) listener();
    this.#onEnd.clear();
  }
}

function disconnected(type: string): SupervisorError {
  return new SupervisorError('disconnected', `The connection ended before the reply to ${type}.`);
}

/** The error that a refusal is. */
export function refusal(reply: ErrorReply): SupervisorError {
  return new SupervisorError(reply.code, reply.error, reply.data);
}
