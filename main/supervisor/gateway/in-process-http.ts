/**
 * An HTTP server that only this process can reach: its connections are pairs of streams in memory. The
 * gateway asks its own MCP route through it, in the name of clients that speak another transport; with
 * no port there is nothing to guard, and nothing from outside can pretend to be such a request.
 */
import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';

export interface InProcessCall {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  readonly signal: AbortSignal | null;
}

/** `Context` is what each request is to be handled with; it goes beside HTTP, not within it. */
export class InProcessHttp<Context> {
  readonly #contexts = new WeakMap<Duplex, Context>();
  readonly #ends = new Set<Duplex>();
  readonly #server;

  constructor(
    handle: (request: IncomingMessage, response: ServerResponse, context: Context) => void,
  ) {
    this.#server = createServer((request, response) => {
      const context = this.#contexts.get(request.socket);
      if (context !== undefined) handle(request, response, context);
    });
    this.#server.requestTimeout = 0;
  }

  /** Resolves with the head of the answer; rejects when there is none. */
  call(context: Context, call: InProcessCall): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const { method, path, headers, body, signal } = call;
    const length = body === null ? [] : ['Content-Length', String(body.length)];
    const outgoing: ClientRequest = httpRequest({
      createConnection: () => this.#connect(context),
      method,
      path,
      headers: [...headers, ...length, 'Host', '127.0.0.1', 'Connection', 'close'],
      ...(signal && { signal }),
    });
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }

  /** Cuts all connections. */
  close(): void {
    for (const end of this.#ends) end.destroy();
  }

  #connect(context: Context): Duplex {
    const [near, far] = duplexPair();
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#ends.add(one);
      one.on('error', () => {});
      one.once('close', () => {
        this.#ends.delete(one);
        // A socket tells its peer that it was destroyed; a pair of streams does not.
        other.destroy();
      });
    }
    this.#contexts.set(far, context);
    this.#server.emit('connection', far);
    return near;
  }
}
