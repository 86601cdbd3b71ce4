/**
 * Cuts a stream of text at line feeds. `node:readline` would also cut at U+2028, which JSON leaves as it is
 * inside of strings: a log line with one in it would be two broken replies.
 */
export class LineSplitter {
  #parts: string[] = [];

  /** Characters of the line that has begun. */
  pending = 0;

  /** The lines that `text` completes. */
  push(text: string): readonly string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.#parts.push(text.slice(start, end));
      lines.push(this.#parts.join(''));
      this.#parts = [];
      this.pending = 0;
      start = end + 1;
    }
    if (start < text.length) {
      this.#parts.push(text.slice(start));
      this.pending += text.length - start;
    }
    return lines;
  }
}
