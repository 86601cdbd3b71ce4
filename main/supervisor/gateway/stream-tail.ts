/**
 * The last that went through of an answer, kept for what is asked at its end: has a request whose stream
 * broke off been answered already? Then it must be neither repeated nor refused. And how did it end?
 */
import { eventData } from './event-stream.ts';
import { parseObject, type RpcId } from './rpc-message.ts';

/** Bytes kept. Servers end the stream after the answer, so that it is the last event. */
const keptBytes = 256 * 1024;

export class StreamTail {
  readonly #parts: Buffer[] = [];
  #size = 0;
  #isCut = false;

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    while (this.#size - (this.#parts[0]?.length ?? 0) >= keptBytes) {
      this.#size -= this.#parts.shift()?.length ?? 0;
      this.#isCut = true;
    }
  }

  /** Everything that went through, if that is no more than this. */
  whole(maxBytes: number): Buffer | null {
    if (this.#isCut || this.#size > maxBytes) return null;
    const [only] = this.#parts;
    return this.#parts.length === 1 && only ? only : Buffer.concat(this.#parts);
  }

  /** True when the answer to this request went through as a whole. */
  hasAnswer(id: RpcId): boolean {
    const text = Buffer.concat(this.#parts).toString('utf8');
    // The last one is empty or broken off.
    const events = text.split(/\r?\n\r?\n/).slice(0, -1);
    return events.some((event) => {
      const message = parseObject(eventData(event));
      return message?.['id'] === id && message['method'] === undefined;
    });
  }
}
