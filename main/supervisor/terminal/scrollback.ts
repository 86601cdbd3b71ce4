/** The newest output of a shell, for a viewer that comes again. Bounded, whatever is printed. */

/** About 3,000 full lines. A page draws so much at once without being noticed. */
const maxBytes = 256 * 1024;

const newline = 0x0a;

export class Scrollback {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #isCut = false;

  append(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // One chunk more than fits is kept, so that the bound need not cut one.
    for (;;) {
      const oldest = this.#chunks[0];
      if (oldest === undefined || this.#bytes - oldest.length < maxBytes) return;
      this.#chunks.shift();
      this.#bytes -= oldest.length;
      this.#isCut = true;
    }
  }

  /**
   * What is kept, oldest first. Where something was cut off it begins with a new line: half a character,
   * or half a colour, would spoil what follows.
   */
  bytes(): Buffer {
    const all = Buffer.concat(this.#chunks).subarray(-maxBytes);
    if (!this.#isCut && all.length === this.#bytes) return all;
    return all.subarray(all.indexOf(newline) + 1);
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#bytes = 0;
    this.#isCut = false;
  }
}
