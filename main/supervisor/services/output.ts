/**
 * What a service prints, as lines. Any bytes are accepted (W29: a line that is not UTF-8 must not stop
 * the reader), long lines are split, and the pipe is always drained: no service waits for us. Memory is
 * bounded: the ring by lines and characters, and a service that floods loses lines, which are counted
 * and said in the place where they are missing.
 */

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { LastExit, ServiceLine } from '../../../shared/status.ts';

/** Longer lines are split here: enough for a stack trace in one JSON line, small enough to keep many. */
const maxLineChars = 16 * 1024;

/** Lines kept per service unless the configuration says otherwise. */
const usualLines = 2_000;

/** A ring holds no more than this, however long its lines are: a few MB for each service at worst. */
const maxRingChars = 1024 * 1024;

/** How many of the last lines may explain an end. */
const complaintLines = 40;

/**
 * What one pipe may bring in a second; more is no log that anybody reads. Making lines of it costs
 * time that requests on the same event loop wait for, so the rest is only counted.
 */
const floodBytes = 2 * 1024 * 1024;
const floodLines = 20_000;
const floodPeriodMs = 1_000;

/** The last lines of a flood, and bytes, are kept all the same: they may say why it ended. */
const lastWords = 100;
const lastBytes = 16 * 1024;

const newline = 0x0a;

export type OutputLine = Omit<ServiceLine, 'seq'>;

/** A part of the output for somebody who follows it. */
export interface OutputPage {
  /** Oldest first. */
  readonly lines: readonly ServiceLine[];
  /** The number to ask from next time. */
  readonly next: number;
  /** Lines from the asked number on that are no longer kept. */
  readonly dropped: number;
}

export interface RingOptions {
  /** How many lines are kept; 0: none, and nothing is passed on. */
  readonly lines: number;
  /** Is told every line, in order. */
  readonly onLine?: (line: OutputLine) => void;
}

/** The newest lines of one service, over all its processes. */
export class OutputRing {
  readonly #options: RingOptions;
  readonly #lines: ServiceLine[] = [];
  /** Where the kept ones begin: shifting an array for each line would cost its length each time. */
  #first = 0;
  #chars = 0;
  #nextSeq = 1;
  /** The first line of the process that runs or ran last. */
  #processSeq = 1;
  readonly #followers = new Set<(line: ServiceLine) => void>();

  constructor(options: RingOptions = { lines: usualLines }) {
    this.#options = options;
  }

  append(line: OutputLine): void {
    if (this.#options.lines === 0) return;
    const kept: ServiceLine = { ...line, seq: this.#nextSeq };
    this.#lines.push(kept);
    this.#nextSeq += 1;
    this.#chars += line.text.length;
    while (this.#size > this.#options.lines || this.#chars > maxRingChars) {
      this.#chars -= this.#lines[this.#first]?.text.length ?? 0;
      this.#first += 1;
    }
    if (this.#first > this.#options.lines) {
      this.#lines.splice(0, this.#first);
      this.#first = 0;
    }
    this.#options.onLine?.(line);
    for (const follower of this.#followers) follower(kept);
  }

  /** Tells each further line; returns the way out. */
  follow(follower: (line: ServiceLine) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Divides the output of one process from that of the one before it; without a pid none has begun. */
  began(pid: number | undefined, isAdopted: boolean): void {
    this.#processSeq = this.#nextSeq;
    if (pid === undefined) return;
    this.append(markLine(`— ${isAdopted ? 'adopted' : 'started'}, pid ${pid} —`));
  }

  /** Null when there was no process, or nobody knows how it ended. */
  ended(exit: Pick<LastExit, 'code' | 'signal'> | null): void {
    if (exit === null) return;
    const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
    this.append(markLine(`— ended with ${how} —`));
  }

  /** The number that the next line will have. */
  get next(): number {
    return this.#nextSeq;
  }

  /** The newest `limit` lines, oldest first. */
  tail(limit = usualLines): readonly ServiceLine[] {
    return this.#lines.slice(Math.max(this.#first, this.#lines.length - limit));
  }

  /**
   * The oldest `limit` lines from number `seq` on, or all kept ones when the number lies in the future:
   * then it is of an earlier run of the supervisor.
   */
  since(seq: number, limit: number): OutputPage {
    const oldest = this.#nextSeq - this.#size;
    const from = seq > this.#nextSeq ? oldest : Math.max(seq, oldest);
    const start = this.#first + from - oldest;
    const lines = this.#lines.slice(start, start + limit);
    return { lines, next: from + lines.length, dropped: Math.max(0, from - seq) };
  }

  /**
   * The line of stderr that most likely says why the last process ended: the newest one that speaks of
   * an error, else the newest one. (Node prints its version last, Python the error.)
   */
  lastComplaint(): string | null {
    const recent = this.tail(complaintLines).filter(
      ({ seq, stream, text }) =>
        seq >= this.#processSeq && stream === 'stderr' && text.trim() !== '',
    );
    const line =
      recent.findLast((each) => /error|exception|panic/i.test(each.text)) ?? recent.at(-1);
    return line?.text.trim().slice(0, 300) ?? null;
  }

  get #size(): number {
    return this.#lines.length - this.#first;
  }
}

/** A line that is said about the output. */
export function markLine(text: string): OutputLine {
  return { at: Date.now(), stream: 'mark', text };
}

/** Reads a pipe to its end, line by line. */
export function captureLines(
  pipe: Readable,
  stream: 'stdout' | 'stderr',
  onLine: (line: OutputLine) => void,
): void {
  const reader = new LineReader(stream, onLine);
  pipe.on('data', (chunk: Buffer) => reader.write(chunk));
  pipe.on('end', () => reader.end());
  // Also when it is destroyed, which has no `end`.
  pipe.on('close', () => reader.end());
  // A pipe error is the child's death seen from this side; its exit is reported on its own.
  pipe.on('error', () => {});
}

/** What is dropped until the end of the period. */
interface Flood {
  /** Lines that have ended. */
  lines: number;
  bytes: number;
  /** The newest bytes, for the last words. */
  last: { readonly bytes: Buffer; readonly isInLine: boolean } | null;
  readonly over: NodeJS.Timeout;
}

/** Cuts one stream of bytes into lines, no more of them in a second than anybody can use. */
class LineReader {
  readonly #stream: 'stdout' | 'stderr';
  readonly #onLine: (line: OutputLine) => void;
  #decoder = new StringDecoder('utf8');
  /** The beginning of a line that has not ended yet. */
  #rest = '';
  #periodEnd = 0;
  #bytes = 0;
  #lines = 0;
  #flood: Flood | null = null;
  /** After a flood: what comes until the next line end belongs to a line that was dropped. */
  #isInDroppedLine = false;

  constructor(stream: 'stdout' | 'stderr', onLine: (line: OutputLine) => void) {
    this.#stream = stream;
    this.#onLine = onLine;
  }

  write(chunk: Buffer): void {
    const now = performance.now();
    if (now >= this.#periodEnd) {
      this.#endFlood();
      this.#periodEnd = now + floodPeriodMs;
      this.#bytes = 0;
      this.#lines = 0;
    }
    this.#bytes += chunk.length;
    if (this.#flood === null && this.#bytes > floodBytes) this.#beginFlood();
    if (this.#flood === null) this.#read(this.#skipDroppedLine(chunk));
    else this.#drop(chunk);
  }

  end(): void {
    this.#endFlood();
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }

  #read(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    const begun = lines.pop() ?? '';
    const isInLine = this.#rest !== '';
    for (const line of lines) this.#emit(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (this.#flood) {
      this.#isInDroppedLine = begun !== '';
      remember(this.#flood, chunk, isInLine);
    } else this.#rest = this.#emitFullParts(begun);
  }

  #emit(line: string): void {
    this.#lines += 1;
    if (this.#flood === null && this.#lines > floodLines) this.#beginFlood();
    if (this.#flood) {
      this.#flood.lines += 1;
      this.#flood.bytes += line.length;
      return;
    }
    this.#onLine({ at: Date.now(), stream: this.#stream, text: this.#emitFullParts(line) });
  }

  /** Emits what is longer than a line may be, and returns the rest. */
  #emitFullParts(line: string): string {
    let rest = line;
    while (rest.length > maxLineChars) {
      // A character outside of the basic plane is two halves that must stay together.
      const isPair = (rest.codePointAt(maxLineChars - 1) ?? 0) > 0xff_ff;
      const cut = isPair ? maxLineChars - 1 : maxLineChars;
      const text = rest.slice(0, cut);
      this.#onLine({ at: Date.now(), stream: this.#stream, text, continues: true });
      rest = rest.slice(cut);
    }
    return rest;
  }

  #beginFlood(): void {
    const over = setTimeout(() => this.#endFlood(), this.#periodEnd - performance.now());
    this.#flood = { lines: 0, bytes: 0, last: null, over: over.unref() };
    // A begun line is lost with the flood; its end is still to come, and is counted then.
    this.#rest = '';
    this.#decoder = new StringDecoder('utf8');
  }

  #drop(chunk: Buffer): void {
    if (this.#flood === null) return;
    this.#flood.bytes += chunk.length;
    remember(this.#flood, chunk, this.#isInDroppedLine);
    let at = chunk.indexOf(newline);
    for (; at !== -1; at = chunk.indexOf(newline, at + 1)) this.#flood.lines += 1;
    this.#isInDroppedLine = chunk.at(-1) !== newline;
  }

  #skipDroppedLine(chunk: Buffer): Buffer {
    if (!this.#isInDroppedLine) return chunk;
    this.#isInDroppedLine = false;
    // Without a line end it is one of those endless lines; the middle of it is better than nothing.
    return chunk.subarray(chunk.indexOf(newline) + 1);
  }

  #endFlood(): void {
    if (this.#flood === null) return;
    const { bytes, last, over } = this.#flood;
    clearTimeout(over);
    const words =
      last && lastLines(last.bytes, last.isInLine, Math.min(lastWords, this.#flood.lines));
    // A line on whose end we wait is lost as well, unless it begins in the last words.
    if (words) this.#isInDroppedLine = false;
    const lines = this.#flood.lines - (words?.count ?? 0) + (this.#isInDroppedLine ? 1 : 0);
    this.#flood = null;
    this.#periodEnd = 0;
    this.#lines = 0;
    const size = ((bytes - (words?.bytes.length ?? 0)) / 1024 / 1024).toFixed(1);
    this.#onLine(
      markLine(`dropped ${lines.toLocaleString('en-US')} lines (${size} MB) that came too fast`),
    );
    if (words) this.#read(words.bytes);
  }
}

/** `isInLine`: the chunk begins inside of a line. */
function remember(flood: Flood, chunk: Buffer, isInLine: boolean): void {
  const { last } = flood;
  const all = last && chunk.length < lastBytes ? Buffer.concat([last.bytes, chunk]) : chunk;
  const isCut = all.length > lastBytes;
  flood.last = {
    bytes: isCut ? all.subarray(-lastBytes) : all,
    isInLine: isCut || (last && all !== chunk ? last.isInLine : isInLine),
  };
}

/**
 * The end of a chunk: its last `most` lines and what follows them; null when no line begins in it.
 * `isInLine`: the chunk begins inside of a line.
 */
function lastLines(
  chunk: Buffer,
  isInLine: boolean,
  most: number,
): { readonly bytes: Buffer; readonly count: number } | null {
  let start = chunk.lastIndexOf(newline) + 1;
  if (start === 0) return isInLine ? null : { bytes: chunk, count: 0 };
  for (let count = 0; ; count += 1) {
    const before = start < 2 ? -1 : chunk.lastIndexOf(newline, start - 2);
    const isWhole = before !== -1 || !isInLine;
    if (count === most || !isWhole || start === 0) return { bytes: chunk.subarray(start), count };
    start = before + 1;
  }
}
