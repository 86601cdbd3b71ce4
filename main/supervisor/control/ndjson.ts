/** Cuts a byte stream into lines, without ever holding more than one longest line. */
import { maxLineBytes } from '../../../shared/control-protocol.ts';

export type Line =
  | { readonly text: string }
  | {
      readonly problem: 'too_large' | 'bad_utf8';
      /** Its first bytes, each as one character: enough to see which protocol it is. */
      readonly start: string;
    };

const newline = 0x0a;
const startBytes = 64;

export class LineReader {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true });
  #parts: Buffer[] = [];
  #size = 0;
  #skipping = false;
  #start = '';

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

  /** The line that the end of the stream ends. */
  end(): readonly Line[] {
    const line = this.#take();
    return line ? [line] : [];
  }

  #keep(part: Buffer): void {
    if (part.length > 0 && !this.#skipping) this.#parts.push(part);
    this.#size += part.length;
    if (this.#size <= maxLineBytes || this.#skipping) return;
    this.#skipping = true;
    this.#start = startOf(Buffer.concat(this.#parts));
    this.#parts = [];
  }

  #take(): Line | null {
    const bytes = Buffer.concat(this.#parts);
    const tooLarge = this.#skipping;
    this.#parts = [];
    this.#size = 0;
    this.#skipping = false;
    if (tooLarge) return { problem: 'too_large', start: this.#start };
    try {
      const text = this.#utf8.decode(bytes).trim();
      return text === '' ? null : { text };
    } catch {
      return { problem: 'bad_utf8', start: startOf(bytes) };
    }
  }
}

function startOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, startBytes);
}
