/** Cuts a byte stream into lines, without ever holding more than one longest line. */
import { maxLineBytes } from '../../../shared/control-protocol.ts';

export type Line = { readonly text: string } | { readonly problem: 'too_large' | 'bad_utf8' };

const newline = 0x0a;

export class LineReader {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;

  /** The complete lines in what has come so far, blank ones left out. */
  push(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      const line = this.#take();
      if (line) lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(part: Buffer): void {
    this.#size += part.length;
    if (this.#size > maxLineBytes) {
      this.#skipping = true;
      this.#parts = [];
    }
    if (!this.#skipping && part.length > 0) this.#parts.push(part);
  }

  #take(): Line | null {
    const bytes = Buffer.concat(this.#parts);
    const tooLarge = this.#skipping;
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    if (tooLarge) return { problem: 'too_large' };
    try {
      const text = this.#utf8.decode(bytes).trim();
      return text === '' ? null : { text };
    } catch {
      return { problem: 'bad_utf8' };
    }
  }
}
