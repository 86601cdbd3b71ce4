/**
 * The control client of the old VS Code extension, as it was: the pipe first, then TCP; 1.5 seconds to connect,
 * 5 for a reply; one request at a time; whatever line comes next is the answer. It knows no ids and no codes.
 */
import { connect, type Socket } from 'node:net';
import type { ControlAddress } from './control-client.ts';

const connectTimeoutMs = 1_500;
const requestTimeoutMs = 5_000;

/** As the extension sees a reply. */
export interface OldReply {
  readonly ok: boolean;
  readonly error?: string;
  readonly data: unknown;
}

export class OldClient implements Disposable {
  readonly #socket: Socket;
  #buffer = '';
  #pending: ((line: string) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (text: string) => {
      this.#buffer += text;
      const end = this.#buffer.indexOf('\n');
      if (end === -1) return;
      const line = this.#buffer.slice(0, end);
      this.#buffer = this.#buffer.slice(end + 1);
      const pending = this.#pending;
      this.#pending = null;
      pending?.(line);
    });
  }

  /** Tries one address after the other; throws when none takes the connection in its time. */
  static async detect(addresses: readonly ControlAddress[]): Promise<OldClient> {
    for (const address of addresses) {
      const socket = await tryToConnect(address);
      if (socket) return new OldClient(socket);
    }
    throw new Error('Supervisor not detected');
  }

  async request(request: object): Promise<OldReply> {
    if (this.#pending) throw new Error('A request is already in flight');
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#pending = resolve;
    const late = setTimeout(() => {
      this.#pending = null;
      reject(new Error(`Request timed out: ${JSON.stringify(request)}`));
    }, requestTimeoutMs);
    this.#socket.write(`${JSON.stringify(request)}\n`);
    try {
      return JSON.parse(await promise) as OldReply;
    } finally {
      clearTimeout(late);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

async function tryToConnect(address: ControlAddress): Promise<Socket | null> {
  const socket =
    typeof address === 'number' ? connect(address, '127.0.0.1') : connect({ path: address });
  return await new Promise((resolve) => {
    const give = (found: Socket | null) => {
      clearTimeout(late);
      if (found === null) socket.destroy();
      resolve(found);
    };
    const late = setTimeout(() => give(null), connectTimeoutMs);
    socket.once('connect', () => give(socket));
    socket.once('error', () => give(null));
  });
}
