/**
 * Reads a stream of server-sent events exactly as WHATWG HTML §9.2.6 says, and keeps everything that a
 * test may ask for. A library would hide what it forgives; this one only knows the standard.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { until } from './until.ts';

export interface SseEvent {
  /** `message` unless the frame named another. */
  readonly type: string;
  readonly data: string;
  /** The id that a client would come back with. */
  readonly lastEventId: string;
}

export interface SseOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** The parser alone: text in, events out. */
export class SseParser {
  readonly comments: string[] = [];
  retryMs: number | null = null;
  #rest = '';
  #atStart = true;
  #data: string[] = [];
  #type = '';
  #lastEventId = '';

  /** The events that `text` completes. */
  push(text: string): readonly SseEvent[] {
    let unread = this.#rest + text;
    if (this.#atStart && unread !== '') {
      this.#atStart = false;
      unread = unread.replace(/^\uFEFF/, '');
    }
    // A CR at the end may be half of a CRLF.
    const lines = unread.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): SseEvent | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === '') this.comments.push(value);
    if (field === 'event') this.#type = value;
    if (field === 'data') this.#data.push(value);
    if (field === 'id' && !value.includes('\0')) this.#lastEventId = value;
    if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  #dispatch(): SseEvent | undefined {
    const [data, type] = [this.#data, this.#type];
    this.#data = [];
    this.#type = '';
    if (data.length === 0) return undefined;
    return { type: type || 'message', data: data.join('\n'), lastEventId: this.#lastEventId };
  }
}

export class SseClient implements Disposable {
  readonly response: IncomingMessage;
  readonly events: SseEvent[] = [];
  /** Resolves when the stream is over, however it came. */
  readonly ended: Promise<void>;
  readonly #request: ClientRequest;
  readonly #parser = new SseParser();

  private constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.events.push(...this.#parser.push(text)));
    // A stream that is cut off ends as well.
    response.on('error', () => {});
    this.ended = new Promise((resolve) => {
      response.once('close', () => resolve());
    });
  }

  /** Resolves when the head has come; throws when the answer is no event stream. */
  static async open(url: string, { headers = {} }: SseOptions = {}): Promise<SseClient> {
    const request = httpRequest(url, {
      agent: false,
      headers: { accept: 'text/event-stream', ...headers },
    });
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve);
      request.once('error', reject);
      request.end();
    });
    request.on('error', () => {});
    const type = response.headers['content-type'] ?? 'nothing';
    if (response.statusCode !== 200 || !type.startsWith('text/event-stream')) {
      request.destroy();
      throw new Error(`${url} answered ${response.statusCode} with ${type}`);
    }
    return new SseClient(request, response);
  }

  get comments(): readonly string[] {
    return this.#parser.comments;
  }

  get retryMs(): number | null {
    return this.#parser.retryMs;
  }

  /** The first event for which `isIt` holds, also of those that came already. */
  async until(
    what: string,
    isIt: (event: SseEvent) => boolean,
    timeoutMs?: number,
  ): Promise<SseEvent> {
    return await until(() => this.events.find(isIt), {
      what,
      ...(timeoutMs !== undefined && { timeoutMs }),
      instead: () => this.events.slice(-10),
    });
  }

  close(): void {
    this.#request.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
