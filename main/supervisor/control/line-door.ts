/**
 * The two NDJSON doors: a user-only socket (or pipe) and TCP on the loopback interface, one codec.
 * Requests of one connection are answered in their order, as old clients expect; those that carry an
 * `id` are answered as soon as they are done.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { CodedError } from '../../../shared/errors.ts';
import { closeServer, listenOnLoopback } from '../http/listen.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type Dispatch, dispatchLine } from './dispatcher.ts';
import { type Line, LineReader } from './ndjson.ts';

/** More unanswered requests on one connection than this, and reading pauses until some are answered. */
const maxPending = 64;

/** Replies that a client has not read, in bytes, before its connection is ended. */
const maxBacklogBytes = 8 * 1024 * 1024;

/** `POST /control HTTP/1.1`: a browser page reaches a TCP port with a form, but not without this line. */
const httpRequestLine = /^[A-Z]+ \S+ HTTP\/\d/;

export class LineDoor {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #dispatch: Dispatch;
  readonly #logger: Logger;
  #socketPath: string | null = null;

  constructor(dispatch: Dispatch, logger: Logger) {
    this.#dispatch = dispatch;
    this.#logger = logger;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens on TCP; tells the port. Throws `port_taken`. */
  async listenTcp(port: number): Promise<number> {
    return await listenOnLoopback(
      this.#server,
      port,
      'control plane ([supervisor] control_tcp_port)',
    );
  }

  /**
   * Listens on a Unix socket that only this user can open, or on a Windows pipe. A socket that a dead
   * supervisor left is replaced, never one that answers: then `port_taken` is thrown.
   */
  async listenSocket(path: string): Promise<void> {
    const isPipe = path.startsWith('\\\\');
    if (!isPipe) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      if (await answers(path)) {
        throw new CodedError('port_taken', `Another supervisor answers on ${path}.`);
      }
      await rm(path, { force: true });
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(path, resolve);
    });
    if (!isPipe) await chmod(path, 0o600);
    this.#socketPath = path;
  }

  /** Ends all connections after their replies, and frees the address. */
  async close(): Promise<void> {
    const closed = closeServer(this.#server);
    for (const socket of this.#sockets) socket.end(() => socket.destroy());
    await closed;
    if (this.#socketPath?.startsWith('/')) await rm(this.#socketPath, { force: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    const reader = new LineReader();
    const connection = new Connection(socket, this.#dispatch);
    let isFirst = true;
    socket.on('data', (chunk: Buffer) => {
      for (const line of reader.push(chunk)) {
        if (isFirst && 'text' in line && httpRequestLine.test(line.text)) {
          this.#logger.warn('a web page or HTTP client tried the control port; connection closed');
          socket.destroy();
          return;
        }
        isFirst = false;
        connection.receive(line);
      }
    });
    // A client that goes away is everyday life; its requests go on, their replies have no reader.
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}

/** Order and bounds of one connection. */
class Connection {
  readonly #socket: Socket;
  readonly #dispatch: Dispatch;
  #inOrder: Promise<void> = Promise.resolve();
  #pending = 0;

  constructor(socket: Socket, dispatch: Dispatch) {
    this.#socket = socket;
    this.#dispatch = dispatch;
  }

  receive(line: Line): void {
    this.#pending += 1;
    if (this.#pending >= maxPending) this.#socket.pause();
    if ('text' in line && /"id"\s*:/.test(line.text)) void this.#answer(line);
    else this.#inOrder = this.#inOrder.then(() => this.#answer(line));
  }

  async #answer(line: Line): Promise<void> {
    const reply = await dispatchLine(this.#dispatch, line);
    this.#pending -= 1;
    if (this.#socket.destroyed) return;
    this.#socket.write(`${JSON.stringify(reply)}\n`);
    if (this.#socket.writableLength > maxBacklogBytes) this.#socket.destroy();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }
}

/** True when somebody accepts connections on the socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
