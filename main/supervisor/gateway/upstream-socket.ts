/** One kept connection to an instance: it carries one exchange after another, never two at once. */
import { connect, type Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { type AnswerHead, MalformedAnswer } from './answer-head.ts';
import { AnswerParser } from './answer-parser.ts';
import { atEndOfTurn, type LateWriter } from './end-of-turn.ts';

/** A request that is ready to be sent. */
export interface PlainRequest {
  readonly method: string;
  /** The head, one character a byte, with its empty line. */
  readonly head: string;
  readonly body: Buffer | null;
}

/** A local instance that has not taken the connection by then will not, in ms. */
const connectTimeoutMs = 10_000;

/** A body up to this size is copied behind its head: one write costs less than two. In bytes. */
const maxCopiedBytes = 64 * 1024;

export interface SocketOwner {
  /** The connection can be used again. */
  onRest(socket: UpstreamSocket): void;
  onClosed(socket: UpstreamSocket): void;
}

export class UpstreamSocket implements LateWriter {
  readonly #socket: Socket;
  readonly #owner: SocketOwner;
  readonly #parser: AnswerParser;
  #exchange: Exchange | null = null;
  /** Waits for the end of the turn. */
  #unsent: PlainRequest | null = null;
  #restMs = 0;
  #usableUntil = 0;

  constructor(port: number, owner: SocketOwner) {
    this.#owner = owner;
    this.#parser = new AnswerParser({
      onHead: (head) => this.#onHead(head),
      onData: (part) => this.#exchange?.tellData(part),
      onEnd: () => this.#onEnd(),
    });
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket = socket;
    const tooLong = setTimeout(() => {
      socket.destroy(new Error('the instance did not take the connection'));
    }, connectTimeoutMs);
    socket
      .once('connect', () => clearTimeout(tooLong))
      .on('data', (bytes) => this.#onBytes(bytes))
      .once('end', () => this.#onEndOfStream())
      .on('error', (error) => this.#fail(error))
      .once('close', () => {
        clearTimeout(tooLong);
        if (!this.#parser.hasEnded) this.#fail(new Error('other side closed'));
        owner.onClosed(this);
      });
  }

  /** Whether a request may be sent now; `now` as of `performance.now`. */
  isUsable(now: number): boolean {
    return now < this.#usableUntil && this.#socket.writable;
  }

  /** Sends a request; its answer goes to `handler`. */
  send(request: PlainRequest, handler: Dispatcher.DispatchHandler): void {
    const exchange = new Exchange(this, handler);
    this.#exchange = exchange;
    this.#parser.begin(request.method);
    handler.onRequestStart?.(exchange, null);
    if (exchange.aborted) return;
    this.#unsent = request;
    atEndOfTurn(this);
  }

  writeNow(): void {
    if (this.#unsent === null) return;
    const { head, body } = this.#unsent;
    this.#unsent = null;
    const socket = this.#socket;
    if (body === null) socket.write(head, 'latin1');
    else if (body.length <= maxCopiedBytes) {
      const bytes = Buffer.allocUnsafe(head.length + body.length);
      bytes.write(head, 'latin1');
      body.copy(bytes, head.length);
      socket.write(bytes);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  /** Ends it, and the exchange that is under way. */
  close(error: Error): void {
    this.#fail(error);
    this.#socket.destroy();
  }

  pause(): void {
    this.#parser.pause();
    this.#socket.pause();
  }

  resume(): void {
    this.#guarded(() => this.#parser.resume());
    if (this.#exchange?.paused !== true) this.#socket.resume();
  }

  #onBytes(bytes: Buffer): void {
    // Nobody asked: a connection that says something by itself cannot be trusted any more.
    if (this.#exchange === null) this.#socket.destroy();
    else if (this.#unsent !== null) this.close(new MalformedAnswer('it came before its request'));
    else this.#guarded(() => this.#parser.push(bytes));
  }

  #onEndOfStream(): void {
    if (this.#exchange !== null) this.#guarded(() => this.#parser.end());
  }

  /** Fails the exchange when the answer cannot be read or used. */
  #guarded(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.close(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onHead(head: AnswerHead): void {
    this.#restMs = head.restMs;
    this.#exchange?.tellHead(head);
  }

  #onEnd(): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    const socket = this.#socket;
    // An answer that came before its request was all sent leaves the rest of that behind.
    const isClean = !this.#parser.hasMore && socket.writableLength === 0 && socket.writable;
    if (this.#restMs > 0 && isClean && !this.#parser.hasEnded) {
      exchange?.tellEnd();
      this.#usableUntil = performance.now() + this.#restMs;
      if (socket.isPaused()) socket.resume();
      this.#owner.onRest(this);
    } else {
      socket.destroy();
      exchange?.tellEnd();
    }
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    this.#exchange = null;
    this.#unsent = null;
    this.#parser.stop();
    exchange.tellError(error);
  }
}

/** One exchange, as its handler steers it. */
class Exchange implements Dispatcher.DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: string[] | null = null;
  readonly #socket: UpstreamSocket;
  readonly #handler: Dispatcher.DispatchHandler;
  #isOver = false;

  constructor(socket: UpstreamSocket, handler: Dispatcher.DispatchHandler) {
    this.#socket = socket;
    this.#handler = handler;
  }

  abort(reason: Error): void {
    if (this.#isOver) return;
    this.aborted = true;
    this.reason = reason;
    this.#socket.close(reason);
  }

  pause(): void {
    if (this.#isOver || this.paused) return;
    this.paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (this.#isOver || !this.paused) return;
    this.paused = false;
    this.#socket.resume();
  }

  tellHead({ status, headers, rawHeaders, reason }: AnswerHead): void {
    this.rawHeaders = rawHeaders;
    this.#handler.onResponseStart?.(this, status, headers, reason);
  }

  tellData(part: Buffer): void {
    this.#handler.onResponseData?.(this, part);
  }

  tellEnd(): void {
    this.#isOver = true;
    this.#handler.onResponseEnd?.(this, {});
  }

  tellError(error: Error): void {
    this.#isOver = true;
    this.#handler.onResponseError?.(this, error);
  }
}
