/**
 * The last that went through a stream of events, kept for the one question that a stream which breaks
 * off raises: has its request been answered already? Then it must be neither repeated nor refused.
 */
import { z } from 'zod';

/** Bytes kept. Servers end the stream after the answer, so that it is the last event. */
const keptBytes = 256 * 1024;

const answerSchema = z.looseObject({
  id: z.union([z.string(), z.number()]),
  method: z.undefined().optional(),
});

export class StreamTail {
  readonly #parts: Buffer[] = [];
  #size = 0;

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#size += part.length;
    while (this.#size - (this.#parts[0]?.length ?? 0) >= keptBytes) {
      this.#size -= this.#parts.shift()?.length ?? 0;
    }
  }

  /** True when the answer to this request went through as a whole. */
  hasAnswer(id: string | number): boolean {
    const events = Buffer.concat(this.#parts)
      .toString('utf8')
      .split(/\r?\n\r?\n/);
    // The last one is empty or broken off.
    return events.slice(0, -1).some((event) => idOfAnswer(event) === id);
  }
}

function idOfAnswer(event: string): string | number | undefined {
  const data = event
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5))
    .join('\n');
  try {
    return answerSchema.safeParse(JSON.parse(data)).data?.id;
  } catch {
    return undefined;
  }
}
