/**
 * What a service prints, as lines. Any bytes are accepted (W29: a line that is not UTF-8 must not stop
 * the reader), long lines are split, and memory is bounded: the pipe is always drained.
 */

import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are split here: enough for a stack trace in one JSON line, small enough to keep many. */
const maxLineChars = 16 * 1024;

/** Lines kept per service for "why is it down". */
const keptLines = 1_000;

/** How many of the last lines may explain an end. */
const complaintLines = 40;

export interface OutputLine {
  /** Unix ms. */
  readonly at: number;
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** The newest lines of one service, over all its processes. */
export class OutputRing {
  readonly #lines: OutputLine[] = [];
  readonly #kept: boolean;

  /** With `kept` false nothing is remembered ([runtime_output] enabled = false). */
  constructor(kept = true) {
    this.#kept = kept;
  }

  append(line: OutputLine): void {
    if (!this.#kept) return;
    this.#lines.push(line);
    // Trimmed in chunks: shifting an array for each line would cost its length each time.
    if (this.#lines.length > keptLines * 2) this.#lines.splice(0, this.#lines.length - keptLines);
  }

  /** The newest `limit` lines, oldest first. */
  tail(limit = keptLines): readonly OutputLine[] {
    return this.#lines.slice(-Math.min(limit, keptLines));
  }

  /**
   * The line of stderr that most likely says why a process ended: the newest one that speaks of an
   * error, else the newest one. (Node prints its version last, Python the error.)
   */
  lastComplaint(): string | null {
    const recent = this.#lines
      .slice(-complaintLines)
      .filter((line) => line.stream === 'stderr' && line.text.trim() !== '');
    const line =
      recent.findLast((each) => /error|exception|panic/i.test(each.text)) ?? recent.at(-1);
    return line?.text.trim().slice(0, 300) ?? null;
  }
}

/** Reads a pipe to its end, line by line. */
export function captureLines(
  pipe: Readable,
  stream: OutputLine['stream'],
  onLine: (line: OutputLine) => void,
): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const emit = (text: string) => {
    const at = Date.now();
    for (let start = 0; start === 0 || start < text.length; start += maxLineChars) {
      onLine({ at, stream, text: text.slice(start, start + maxLineChars) });
    }
  };
  pipe.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) emit(line.endsWith('\r') ? line.slice(0, -1) : line);
    while (rest.length > maxLineChars) {
      emit(rest.slice(0, maxLineChars));
      rest = rest.slice(maxLineChars);
    }
  });
  pipe.on('end', () => {
    rest += decoder.end();
    if (rest !== '') emit(rest);
    rest = '';
  });
  // A pipe error is the child's death seen from this side; its exit is reported on its own.
  pipe.on('error', () => {});
}
