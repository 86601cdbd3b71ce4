/** Lines as no sane client would send them, the same ones for the same seed. */
import { maxLineBytes, requestSchemas } from '../../../shared/control-protocol.ts';

/** A number from 0 up to 1, as good as random (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A line without its end; never blank, so that it has exactly one reply. */
export type FuzzLine = Buffer;

const types = Object.keys(requestSchemas);
const fields = [
  'service',
  'session_id',
  'client_id',
  'window_id',
  'message',
  'text',
  'event',
  'id',
];

/** One huge line in so many: enough to matter, few enough to be done soon. */
const linesPerHugeOne = 2_000;

export class Fuzz {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  /** A whole number below `bound`. */
  below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  line(): FuzzLine {
    if (this.below(linesPerHugeOne) === 0) {
      return Buffer.alloc(maxLineBytes + this.below(maxLineBytes), 'x');
    }
    const text = JSON.stringify(this.#request());
    switch (this.below(8)) {
      case 0:
        // Cut off in the middle.
        return Buffer.from(text.slice(0, 1 + this.below(text.length)));
      case 1:
        return this.#noise();
      case 2:
        return this.#spoilt(Buffer.from(text));
      case 3: {
        const depth = 1 + this.below(5_000);
        return Buffer.from('['.repeat(depth) + ']'.repeat(this.below(depth)));
      }
      case 4:
        return Buffer.from(JSON.stringify(this.#value(3)));
      default:
        return Buffer.from(text);
    }
  }

  #request(): object {
    const request: Record<string, unknown> = { type: this.#pick(types) };
    for (let count = this.below(4); count > 0; count -= 1) {
      request[this.#pick(fields)] = this.#value(2);
    }
    if (this.below(10) === 0) request['type'] = this.#value(1);
    return request;
  }

  #value(depth: number): unknown {
    switch (this.below(depth > 0 ? 8 : 6)) {
      case 0:
        return 'mcp';
      case 1:
        return this.below(1_000) - 500;
      case 2:
        return null;
      case 3:
        return this.below(2) === 0;
      case 4:
        return 'é🚀"\\\u2028'.repeat(this.below(20));
      case 5:
        return '__proto__';
      case 6:
        return Array.from({ length: this.below(4) }, () => this.#value(depth - 1));
      default:
        return { [this.#pick(fields)]: this.#value(depth - 1) };
    }
  }

  /** Any bytes but a line end; the first one is no space, so the line is not blank. */
  #noise(): Buffer {
    const bytes = Buffer.alloc(1 + this.below(200));
    for (let index = 0; index < bytes.length; index += 1) bytes[index] = this.below(256);
    bytes[0] = 0x78;
    return withoutLineEnds(bytes);
  }

  #spoilt(bytes: Buffer): Buffer {
    bytes[this.below(bytes.length)] = this.below(256);
    bytes[0] = 0x7b;
    return withoutLineEnds(bytes);
  }

  #pick(words: readonly string[]): string {
    return words[this.below(words.length)] ?? '';
  }
}

function withoutLineEnds(bytes: Buffer): Buffer {
  for (let index = 0; index < bytes.length; index += 1)
    if (bytes[index] === 0x0a) bytes[index] = 0x2e;
  return bytes;
}
