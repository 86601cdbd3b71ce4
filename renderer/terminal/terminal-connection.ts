/**
 * The page's end of the terminal: one WebSocket after the other. A connection that is lost is made anew
 * a few times, while the shell still waits; then a person has to want it, because connecting starts a
 * shell, and a forgotten tab must not.
 */
import {
  type FromPage,
  readReportBytes,
  type TerminalSize,
  type ToPage,
} from '../../shared/terminal-protocol.ts';

export type TerminalState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open' }
  /** It is over; `reason` is a sentence. */
  | { readonly kind: 'ended'; readonly reason: string };

/** What is drawn on. */
export interface Display {
  /** Clears all, also what was scrolled away. */
  reset(): void;
  /** Draws, and says when it has. */
  write(bytes: Uint8Array, onDrawn: () => void): void;
  resize(size: TerminalSize): void;
  /** The room that there is now. */
  room(): TerminalSize;
}

/** The part of a WebSocket that is used. */
export interface Socket {
  binaryType: BinaryType;
  readonly readyState: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string | ArrayBuffer>) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
}

const retryDelayMs = 1_000;
/** Together less than a shell waits for its viewers. */
const maxRetries = 5;

/** `WebSocket.OPEN` */
const open = 1;

export class TerminalConnection {
  readonly #connect: () => Socket;
  readonly #display: Display;
  readonly #onState: (state: TerminalState) => void;
  readonly #encoder = new TextEncoder();
  #socket: Socket | null = null;
  #retries = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #drawnBytes = 0;
  #waitingBytes = 0;

  constructor(connect: () => Socket, display: Display, onState: (state: TerminalState) => void) {
    this.#connect = connect;
    this.#display = display;
    this.#onState = onState;
  }

  /** Connects, and so starts a shell where none runs. */
  start(): void {
    this.stop();
    this.#retries = 0;
    this.#begin();
  }

  stop(): void {
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** What was typed or pasted. */
  type(text: string): void {
    if (this.#socket?.readyState === open) this.#socket.send(this.#encoder.encode(text));
  }

  /** What a mouse report holds: bytes, one a character. */
  typeBytes(text: string): void {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    if (this.#socket?.readyState === open) this.#socket.send(bytes);
  }

  /** There is more or less room than before. */
  roomChanged(): void {
    this.#tell({ type: 'size', ...this.#display.room() });
  }

  #begin(): void {
    this.#onState({ kind: 'connecting' });
    const socket = this.#connect();
    this.#socket = socket;
    this.#drawnBytes = 0;
    this.#waitingBytes = 0;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      if (socket !== this.#socket) return;
      // What is shown comes again from the supervisor.
      this.#display.reset();
      this.roomChanged();
      this.#onState({ kind: 'open' });
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      if (typeof data === 'string') this.#onMessage(JSON.parse(data) as ToPage);
      else this.#draw(new Uint8Array(data), socket);
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#onLoss();
    };
  }

  #onMessage(message: ToPage): void {
    // A message is a sign that the connection is good.
    this.#retries = 0;
    if (message.type === 'begin') this.#display.reset();
    else if (message.type === 'size') this.#display.resize(message);
    else this.#end(message.reason);
  }

  #draw(bytes: Uint8Array, socket: Socket): void {
    this.#waitingBytes += bytes.length;
    this.#display.write(bytes, () => {
      if (socket !== this.#socket) return;
      this.#waitingBytes -= bytes.length;
      this.#drawnBytes += bytes.length;
      if (this.#drawnBytes < readReportBytes && this.#waitingBytes > 0) return;
      this.#tell({ type: 'read', bytes: this.#drawnBytes });
      this.#drawnBytes = 0;
    });
  }

  #onLoss(): void {
    this.#socket = null;
    if (this.#retries >= maxRetries) {
      this.#end('The connection to the supervisor was lost.');
      return;
    }
    this.#retries += 1;
    this.#onState({ kind: 'connecting' });
    this.#retryTimer = setTimeout(() => this.#begin(), retryDelayMs);
  }

  #end(reason: string): void {
    const sentence = reason.charAt(0).toUpperCase() + reason.slice(1);
    this.stop();
    this.#onState({ kind: 'ended', reason: sentence.replace(/([^.])$/, '$1.') });
  }

  #tell(message: FromPage): void {
    if (this.#socket?.readyState === open) this.#socket.send(JSON.stringify(message));
  }
}
