/** Cuts a stream of bytes into lines. A line break is one byte, so characters are never cut. */

/** The most that one message may have, in bytes; a server that sends more is broken. */
export const maxLineBytes = 16 * 1024 * 1024;

export class LineReader {
  readonly #onLine: (line: string) => void;
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #sizeBytes = 0;

  constructor(onLine: (line: string) => void, maxBytes: number = maxLineBytes) {
    this.#onLine = onLine;
    this.#maxBytes = maxBytes;
  }

  /** False when a line is longer than allowed; nothing more may be pushed then. */
  push(chunk: Buffer): boolean {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      if (!this.#keep(chunk.subarray(start, end))) return false;
      this.flush();
      start = end + 1;
    }
    return this.#keep(chunk.subarray(start));
  }

  /** Gives out what came without a line break at its end. */
  flush(): void {
    if (this.#sizeBytes === 0) return;
    const line = Buffer.concat(this.#parts).toString('utf8').trimEnd();
    this.#parts = [];
    this.#sizeBytes = 0;
    if (line !== '') this.#onLine(line);
  }

  #keep(part: Buffer): boolean {
    if (part.length === 0) return true;
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > this.#maxBytes) {
      this.#parts = [];
      return false;
    }
    this.#parts.push(part);
    return true;
  }
}
