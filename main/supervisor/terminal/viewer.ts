/** One page that looks at the terminal, over its WebSocket. */
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';
import {
  type FromPage,
  maxTerminalSize,
  type TerminalSize,
  type ToPage,
} from '../../../shared/terminal-protocol.ts';
import type { Onlooker } from './screen.ts';

/** Largest message of a page, in bytes: a paste of so much is a mistake. */
export const maxMessageBytes = 1024 * 1024;

/** How long a page may take to answer the end of the connection, in ms. */
const closeGraceMs = 1_000;

/** RFC 6455 §7.4.1 */
const normalClosure = 1000;
const policyViolation = 1008;

const fromPage: z.ZodType<FromPage> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('size'),
    columns: z.int().min(1).max(maxTerminalSize.columns),
    rows: z.int().min(1).max(maxTerminalSize.rows),
  }),
  z.object({ type: z.literal('read'), bytes: z.int().min(0) }),
]);

export interface ViewerEvents {
  /** It said what room it has, for the first time. */
  readonly onJoin: (viewer: Viewer) => void;
  readonly onResize: () => void;
  readonly onRead: () => void;
  readonly onType: (bytes: Buffer) => void;
  readonly onLeave: (viewer: Viewer) => void;
}

export class Viewer implements Onlooker {
  size: TerminalSize = maxTerminalSize;
  unread = 0;
  lastReadAt = performance.now();
  readonly #socket: WebSocket;
  readonly #events: ViewerEvents;
  #hasJoined = false;

  constructor(socket: WebSocket, events: ViewerEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    // Its close follows, and says all there is to say.
    socket.on('error', () => {});
    socket.on('close', () => events.onLeave(this));
  }

  show(bytes: Buffer): void {
    this.unread += bytes.length;
    this.#socket.send(bytes, { binary: true });
  }

  tell(message: ToPage): void {
    this.#socket.send(JSON.stringify(message));
  }

  end(reason: string): void {
    this.tell({ type: 'ended', reason });
    this.#close(normalClosure);
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (isBinary) {
      // Nobody types into what they do not see.
      if (this.#hasJoined) this.#events.onType(toBuffer(data));
      return;
    }
    const message = readMessage(toBuffer(data).toString());
    if (message === null) {
      this.#close(policyViolation);
    } else if (message.type === 'read') {
      this.unread = Math.max(0, this.unread - message.bytes);
      this.lastReadAt = performance.now();
      this.#events.onRead();
    } else {
      this.size = { columns: message.columns, rows: message.rows };
      if (this.#hasJoined) this.#events.onResize();
      else this.#events.onJoin(this);
      this.#hasJoined = true;
    }
  }

  #close(code: number): void {
    this.#socket.close(code);
    setTimeout(() => this.#socket.terminate(), closeGraceMs).unref();
  }
}

/** Null for anything that a page does not say. */
function readMessage(text: string): FromPage | null {
  try {
    return fromPage.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function toBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
