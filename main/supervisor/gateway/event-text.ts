/** Reads the messages out of a stream of server-sent events (WHATWG HTML §9.2.6). */
import type { Readable } from 'node:stream';

/** The most text of one event. A message has at most as much as a request may (16 MiB), and some wrapping. */
const maxEventLength = 32 * 1024 * 1024;

export interface EventText {
  readonly data: string;
  /** The last id that the stream gave; null when it gave none. */
  readonly lastId: string | null;
}

/**
 * Yields each event of the type `message` that has data. Throws when the stream breaks, or an event is
 * larger than anybody means one to be.
 */
export async function* messageEvents(stream: Readable): AsyncGenerator<EventText> {
  const decoder = new TextDecoder();
  let rest = '';
  let endsInCr = false;
  let data: string[] = [];
  let size = 0;
  let type = '';
  let lastId: string | null = null;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const fresh = decoder.decode(chunk, { stream: true });
    if (!/[\r\n]/.test(fresh) && !endsInCr) {
      // The middle of a long line; looking at all of it each time would take for ever.
      rest += fresh;
      if (size + rest.length > maxEventLength) throw new Error('an event is too large');
      continue;
    }
    endsInCr = fresh.endsWith('\r') || (fresh === '' && endsInCr);
    // A CR at the end may be half of a CRLF.
    const lines = (rest + fresh).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0 && (type === '' || type === 'message')) {
          yield { data: data.join('\n'), lastId };
        }
        data = [];
        size = 0;
        type = '';
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') {
        size += value.length;
        if (size > maxEventLength) throw new Error('an event is too large');
        data.push(value);
      } else if (field === 'event') type = value;
      else if (field === 'id' && !value.includes('\0')) lastId = value;
    }
  }
}
