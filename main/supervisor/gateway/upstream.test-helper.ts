/**
 * For tests: a small MCP server in this process, on a real port, that remembers what reached it. It
 * speaks just enough of MCP 2025-11-25 to have sessions; a test may answer in its place (`answer`).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One request as it arrived. */
export interface Seen {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  body: Buffer;
  /** The answer was not finished when its connection closed. */
  aborted: boolean;
}

export type Answer = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void;

/** A JSON-RPC message of a client. */
export interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly arguments?: { readonly token?: string } };
}

/** What the server's tools say of being called twice. */
const tools = [
  { name: 'look', annotations: { readOnlyHint: true } },
  { name: 'set', annotations: { idempotentHint: true } },
  { name: 'send' },
];

export class Upstream {
  readonly name: string;
  readonly seen: Seen[] = [];
  readonly sessions = new Set<string>();
  /** Open GET streams, by session id. */
  readonly streams = new Map<string, ServerResponse>();
  /** Answers `/mcp`, and whatever else, instead of the sessions below; the body is its to read. */
  answer: Answer | null = null;
  /** Answers a message of a session; false leaves that to the server. */
  answerCall: ((message: Message, response: ServerResponse) => boolean) | null = null;
  /** What `initialize` is answered with, if not only with the server's name. */
  initializeResult: object = {};
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => this.#take(request, response));
  #minted = 0;

  constructor(name: string) {
    this.name = name;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host: '127.0.0.1', port }, resolve);
    });
  }

  /** As if the process were killed: every connection breaks, the port is free, sessions are lost. */
  async die(): Promise<void> {
    this.sessions.clear();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Requests with this method, in order. */
  received(method: string): readonly Seen[] {
    return this.seen.filter((each) => each.method === method);
  }

  /** The messages that arrived, in order. */
  messages(): readonly Message[] {
    return this.received('POST').map(({ body }) => JSON.parse(body.toString()) as Message);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const seen: Seen = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: Buffer.alloc(0),
      aborted: false,
    };
    this.seen.push(seen);
    response.on('close', () => {
      seen.aborted = !response.writableFinished;
    });
    if (this.answer) {
      this.answer(request, response, seen);
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.body = Buffer.concat(chunks);
      this.#speakMcp(seen, response);
    });
  }

  #speakMcp(seen: Seen, response: ServerResponse): void {
    const id = seen.headers['mcp-session-id'];
    if (seen.method === 'POST' && id === undefined) {
      if (seen.body.includes('"initialize"')) this.#initialize(seen, response);
      else reply(response, 400, { error: 'no session' });
      return;
    }
    if (typeof id !== 'string' || !this.sessions.has(id)) {
      reply(response, 404, { jsonrpc: '2.0', id: null, error: { code: -32001, message: 'gone' } });
      return;
    }
    if (seen.method === 'GET') this.#stream(id, response);
    else if (seen.method === 'DELETE') {
      this.sessions.delete(id);
      response.writeHead(200).end();
    } else this.#call(seen, response);
  }

  #initialize(seen: Seen, response: ServerResponse): void {
    this.#minted += 1;
    const sessionId = `${this.name}-${this.#minted}`;
    this.sessions.add(sessionId);
    const { id } = JSON.parse(seen.body.toString()) as { id: unknown };
    response.setHeader('Mcp-Session-Id', sessionId);
    reply(response, 200, {
      jsonrpc: '2.0',
      id,
      result: { server: this.name, ...this.initializeResult },
    });
  }

  #stream(sessionId: string, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    this.streams.set(sessionId, response);
    response.on('close', () => this.streams.delete(sessionId));
  }

  #call(seen: Seen, response: ServerResponse): void {
    const message = JSON.parse(seen.body.toString()) as Message;
    const { id, method } = message;
    if (this.answerCall?.(message, response)) return;
    if (id === undefined || method === undefined) response.writeHead(202).end();
    else if (method === 'tools/list')
      reply(response, 200, { jsonrpc: '2.0', id, result: { tools } });
    else reply(response, 200, { jsonrpc: '2.0', id, result: { server: this.name } });
  }
}

/** Answers with JSON. */
export function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
