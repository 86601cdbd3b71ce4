/**
 * The two NDJSON doors: a user-only socket (or pipe) and TCP on the loopback interface, one codec.
 * A browser reaches a TCP port from any web page, so whatever begins like HTTP or TLS is not served.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { closeServer, listenOnLoopback } from '../http/listen.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Connection } from './connection.ts';
import type { Dispatch } from './dispatcher.ts';
import { type Line, LineReader } from './ndjson.ts';
import { listenOnSocketFile } from './socket-file.ts';
import type { Admission } from './token-check.ts';

/** How long `close` waits for replies that are due, and for clients to read them. */
const closeGraceMs = 1_000;

/** Clients at the same time: far more than editors and scripts of one person, few enough to hold. */
const maxConnections = 500;

export class LineDoor {
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  readonly #dispatch: Dispatch;
  readonly #logger: Logger;
  readonly #admission: Admission | null;

  /** `admission`: which requests need a token; null where the system itself lets only the user in. */
  constructor(dispatch: Dispatch, logger: Logger, admission: Admission | null = null) {
    this.#dispatch = dispatch;
    this.#logger = logger;
    this.#admission = admission;
    // Half-open: who says nothing more (`echo … | nc`) still gets its replies.
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));
    this.#server.maxConnections = maxConnections;
    this.#server.on('drop', () => {
      logger.warn({ maxConnections }, 'a control connection was refused: there are too many');
    });
  }

  /** Listens on TCP; tells the port. Throws `port_taken`. */
  async listenTcp(port: number): Promise<number> {
    const bound = await listenOnLoopback(
      this.#server,
      port,
      'control plane ([supervisor] control_tcp_port)',
    );
    this.#surviveErrors();
    return bound;
  }

  /**
   * Listens on a Unix socket that only this user can open, or on a Windows pipe. A socket that a dead
   * supervisor left is replaced, never one that answers: then `port_taken` is thrown.
   */
  async listenSocket(path: string): Promise<void> {
    await listenOnSocketFile(this.#server, path);
    this.#surviveErrors();
  }

  /**
   * Ends all connections after their replies, and frees the address; a client that does not take them
   * is cut off after a second.
   */
  async close(): Promise<void> {
    const closed = closeServer(this.#server);
    for (const connection of this.#connections.values()) connection.finish();
    const cut = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy();
    }, closeGraceMs);
    await closed;
    clearTimeout(cut);
  }

  /** A connection that could not be accepted must not end the control plane (old weakness W23). */
  #surviveErrors(): void {
    this.#server.on('error', (error) => {
      this.#logger.warn({ err: error }, 'a control connection could not be accepted');
    });
  }

  #serve(socket: Socket): void {
    const reader = new LineReader();
    const peer = socket.remoteAddress ?? 'socket';
    const connection = new Connection(socket, {
      dispatch: this.#dispatch,
      admit: this.#admission?.(peer) ?? null,
      onCut: (reason) => this.#logger.warn({ peer }, `a control connection was ended: ${reason}`),
    });
    this.#connections.set(socket, connection);
    let isFirst = true;
    const receive = (lines: readonly Line[]) => {
      const [first] = lines;
      if (isFirst && first && isOtherProtocol(first)) {
        this.#logger.warn('a web page or HTTP client tried the control port; connection closed');
        socket.destroy();
        return;
      }
      isFirst &&= first === undefined;
      connection.receive(lines);
    };
    socket.on('data', (chunk: Buffer) => receive(reader.push(chunk)));
    socket.on('end', () => {
      receive(reader.end());
      connection.finish();
    });
    // A client that goes away is everyday life.
    socket.on('error', () => {});
    socket.on('close', () => this.#connections.delete(socket));
  }
}

/** A TLS handshake, of which a foreign server can choose parts. */
const tlsHandshake = '\u0016\u0003';

/**
 * `POST /control HTTP/1.1`, or an address so long that its end is not known. No JSON begins so, and
 * a request that a web page smuggles in comes after it.
 */
function isOtherProtocol(line: Line): boolean {
  const start = 'text' in line ? line.text : line.start;
  if (start.startsWith(tlsHandshake)) return true;
  return 'text' in line ? /^[A-Z]+ \S+ HTTP\/\d/.test(start) : /^[A-Z]+ \S/.test(start);
}
