/**
 * Cuts what comes from an instance into the parts of one answer: head, body, end. It keeps no more than a
 * line that is not complete, and, while it is paused, the rest of the read that was under way.
 */
import { type AnswerHead, MalformedAnswer, readAnswerHead } from './answer-head.ts';

/** Told of an answer's parts as they come; what it throws ends the answer. */
export interface AnswerSink {
  onHead(head: AnswerHead): void;
  onData(part: Buffer): void;
  onEnd(): void;
}

/** As much as Node allows a head by default. */
const maxHeadBytes = 16 * 1024;

/** A chunk's size, its extensions (which nobody uses) included, in bytes. */
const maxSizeLineBytes = 1_024;

/** The trailers of an answer, which are not passed on, in bytes. */
const maxTrailerBytes = 16 * 1024;

const sizeLine = /^([0-9a-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i;

const headBegin = 'HTTP/1.';
const nothing = Buffer.alloc(0);
const endOfLine = Buffer.from('\r\n');
const endOfHead = Buffer.from('\r\n\r\n');

type State =
  | 'head'
  | 'length'
  | 'until close'
  | 'size'
  | 'chunk'
  | 'chunk end'
  | 'trailer'
  | 'over';

export class AnswerParser {
  readonly #sink: AnswerSink;
  #method = '';
  #state: State = 'over';
  #rest: Buffer = nothing;
  /** Bytes of the body, or of the chunk, that are still to come. */
  #awaited = 0;
  #trailerBytes = 0;
  #isPaused = false;
  #hasEnded = false;
  #isRunning = false;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** An answer to a request with this method is to come. */
  begin(method: string): void {
    this.#method = method;
    this.#state = 'head';
    this.#isPaused = false;
    this.#trailerBytes = 0;
  }

  /** True when more came than the answer. */
  get hasMore(): boolean {
    return this.#rest.length > 0;
  }

  /** The end of the connection was taken note of; the answer ends when what is held back is through. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Takes what came; throws `MalformedAnswer`, or what the sink throws. */
  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#run();
  }

  /** The connection has ended; throws when the answer is not complete by that. */
  end(): void {
    this.#hasEnded = true;
    this.#run();
  }

  /** Nothing more of this answer is told. */
  stop(): void {
    this.#state = 'over';
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#run();
  }

  #run(): void {
    // A sink may resume while it is told something: the loop that tells it goes on by itself.
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (!this.#isPaused && this.#state !== 'over' && this.#step()) {}
    } finally {
      this.#isRunning = false;
    }
    if (!this.#hasEnded || this.#isPaused || this.#state === 'over') return;
    if (this.#state === 'until close') this.#finish();
    else throw new Error('other side closed');
  }

  /** False when more bytes must come first. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#takeHead();
      case 'until close':
        if (this.#rest.length === 0) return false;
        this.#hand(this.#rest.length);
        return true;
      case 'length':
      case 'chunk':
        return this.#takeBody();
      case 'size':
        return this.#takeSize();
      case 'chunk end':
        return this.#takeChunkEnd();
      case 'trailer':
        return this.#takeTrailer();
      case 'over':
        return false;
    }
  }

  #takeHead(): boolean {
    const rest = this.#rest;
    const end = rest.indexOf(endOfHead);
    if ((end === -1 ? rest.length : end) > maxHeadBytes) {
      throw new MalformedAnswer(`its head is larger than ${maxHeadBytes} bytes`);
    }
    if (end === -1) {
      refuseHopeless(rest);
      return false;
    }
    const head = readAnswerHead(rest.toString('latin1', 0, end), this.#method);
    this.#rest = rest.subarray(end + endOfHead.length);
    if (head.status === 101) throw new MalformedAnswer('it changes the protocol unasked');
    // Others are hints before the answer (RFC 9110 §15.2).
    if (head.status < 200) return true;
    if (head.body === 'chunked') this.#state = 'size';
    else if (head.body === 'until close') this.#state = 'until close';
    else this.#await('length', head.body);
    this.#sink.onHead(head);
    if (this.#state === 'length' && this.#awaited === 0) this.#finish();
    return true;
  }

  #takeBody(): boolean {
    if (this.#rest.length === 0) return false;
    const bytes = Math.min(this.#awaited, this.#rest.length);
    this.#awaited -= bytes;
    this.#hand(bytes);
    if (this.#awaited > 0) return true;
    if (this.#state === 'length') this.#finish();
    else if (this.#state === 'chunk') this.#state = 'chunk end';
    return true;
  }

  #takeSize(): boolean {
    const line = this.#takeLine(maxSizeLineBytes);
    if (line === null) return false;
    const digits = sizeLine.exec(line)?.[1];
    if (digits === undefined) throw new MalformedAnswer("a chunk's size is no number");
    const size = Number.parseInt(digits, 16);
    if (size === 0) this.#state = 'trailer';
    else this.#await('chunk', size);
    return true;
  }

  #takeChunkEnd(): boolean {
    if (this.#rest.length < endOfLine.length) return false;
    if (this.#takeLine(0) !== '') throw new MalformedAnswer('a chunk is longer than it says');
    this.#state = 'size';
    return true;
  }

  #takeTrailer(): boolean {
    const line = this.#takeLine(maxTrailerBytes - this.#trailerBytes);
    if (line === null) return false;
    this.#trailerBytes += line.length;
    if (line === '') this.#finish();
    return true;
  }

  /** The next line; null while it is not complete. */
  #takeLine(maxBytes: number): string | null {
    const rest = this.#rest;
    const end = rest.indexOf(endOfLine);
    if ((end === -1 ? rest.length - 1 : end) > maxBytes) {
      throw new MalformedAnswer('a line between its chunks is too long');
    }
    if (end === -1) {
      // Only at the very end a CR may be half of what ends the line.
      if (rest.includes('\n')) throw new MalformedAnswer('a line ends without CR');
      return null;
    }
    this.#rest = rest.subarray(end + endOfLine.length);
    const line = rest.toString('latin1', 0, end);
    if (line.includes('\n')) throw new MalformedAnswer('a line ends without CR');
    return line;
  }

  #await(state: 'length' | 'chunk', bytes: number): void {
    this.#state = state;
    this.#awaited = bytes;
  }

  #hand(bytes: number): void {
    const part = bytes === this.#rest.length ? this.#rest : this.#rest.subarray(0, bytes);
    this.#rest = bytes === this.#rest.length ? nothing : this.#rest.subarray(bytes);
    this.#sink.onData(part);
  }

  #finish(): void {
    this.#state = 'over';
    this.#sink.onEnd();
  }
}

/** Who sends what can never become a head would be waited for in vain. */
function refuseHopeless(bytes: Buffer): void {
  const text = bytes.toString('latin1');
  const begin = text.slice(0, headBegin.length);
  if (!headBegin.startsWith(begin)) throw new MalformedAnswer('its first line is no status line');
  if (/(?:^|[^\r])\n/.test(text)) throw new MalformedAnswer('a line ends without CR');
}
