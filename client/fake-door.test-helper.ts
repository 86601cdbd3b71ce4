/** A supervisor that a test can make slow, confused or mute: the two ways in, answered by functions of the test. */

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineSplitter } from './line-splitter.ts';

export interface FakeRequest {
  readonly type: string;
  readonly id: number;
  readonly [field: string]: unknown;
}

/** Writes one line, an object as JSON. */
export type Say = (line: object | string) => void;

export type Answer = (request: FakeRequest, say: Say, socket: Socket) => void;

/** Who it says it is. */
export const introduction = {
  server_name: 'project-memory-supervisor',
  pid: process.pid,
  page_url: null,
};

/** Answers `WhoAmI` by itself and all else as the test wants. */
export class FakeDoor implements AsyncDisposable {
  readonly path: string;
  readonly requests: FakeRequest[] = [];
  answer: Answer;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string, answer: Answer) {
    this.#folder = folder;
    this.path = join(folder, 'door.sock');
    this.answer = answer;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async open(answer: Answer): Promise<FakeDoor> {
    const folder = await mkdtemp(join(tmpdir(), 'pm-door-'));
    const door = new FakeDoor(folder, answer);
    await door.listen();
    return door;
  }

  /** Ends every connection; who comes now is refused. */
  async away(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.away();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    const lines = new LineSplitter();
    const say: Say = (line) => {
      if (socket.writable)
        socket.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    };
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const line of lines.push(text)) {
        const request = JSON.parse(line) as FakeRequest;
        this.requests.push(request);
        if (request.type === 'WhoAmI') say({ ok: true, data: introduction, id: request.id });
        else this.answer(request, say, socket);
      }
    });
  }
}

/** A gateway whose streams the test writes itself. */
export class FakeStreams implements AsyncDisposable {
  readonly url: string;
  /** Every stream that was opened, the newest last. */
  readonly streams: {
    readonly path: string;
    readonly lastEventId: string;
    readonly response: ServerResponse;
  }[] = [];
  readonly #server;

  private constructor(server: ReturnType<typeof createHttpServer>, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async open(
    onStream: (response: ServerResponse, index: number) => void,
  ): Promise<FakeStreams> {
    const server = createHttpServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      const lastEventId = String(request.headers['last-event-id'] ?? '');
      fake.streams.push({ path: request.url ?? '', lastEventId, response });
      onStream(response, fake.streams.length - 1);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const fake = new FakeStreams(server, `http://127.0.0.1:${port}/supervisor/events`);
    return fake;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }
}
