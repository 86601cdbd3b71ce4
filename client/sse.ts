/** Reads a stream of server-sent events (WHATWG HTML §9.2) as an async iterator: who reads slowly, slows it down. */
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import type { ErrorCode } from '../shared/errors.ts';
import { SupervisorError } from './supervisor-error.ts';

export interface SseFrame {
  /** `message` unless the frame names another. */
  readonly type: string;
  readonly data: string;
  /** The id to come back with; empty while there was none. */
  readonly lastEventId: string;
}

export interface SseOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long until the answer begins, in ms. */
  readonly connectTimeoutMs: number;
  /** A stream that says nothing for so long, not even a comment, is dead; in ms. */
  readonly stallMs: number;
  /** The stream has begun. */
  readonly onOpen?: () => void;
}

/** A frame that is longer is a mistake, in characters. */
const maxFrameLength = 16 * 1024 * 1024;

/** The parser alone: text in, frames out. */
export class SseParser {
  #rest = '';
  #atStart = true;
  #data: string[] = [];
  #length = 0;
  #type = '';
  #lastEventId = '';

  /** The frames that `text` completes. */
  push(text: string): readonly SseFrame[] {
    let unread = this.#rest + text;
    if (this.#atStart && unread !== '') {
      this.#atStart = false;
      unread = unread.replace(/^\uFEFF/, '');
    }
    // A CR at the end may be half of a CRLF.
    const lines = unread.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    const frames = lines.flatMap((line) => this.#line(line) ?? []);
    if (this.#length + this.#rest.length > maxFrameLength) {
      throw new SupervisorError(
        'too_large',
        `An event is longer than ${maxFrameLength} characters.`,
      );
    }
    return frames;
  }

  #line(line: string): SseFrame | undefined {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#type = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#length += value.length;
    }
    if (field === 'id' && !value.includes('\0')) this.#lastEventId = value;
    return undefined;
  }

  #dispatch(): SseFrame | undefined {
    const [data, type] = [this.#data, this.#type];
    this.#data = [];
    this.#length = 0;
    this.#type = '';
    if (data.length === 0) return undefined;
    return { type: type || 'message', data: data.join('\n'), lastEventId: this.#lastEventId };
  }
}

/**
 * Yields the frames until the stream ends. Throws a `SupervisorError`: the code of a refusal, else
 * `not_running` when nobody answers and `disconnected` when the stream breaks or stalls.
 */
export async function* readSse(url: string, options: SseOptions): AsyncGenerator<SseFrame> {
  const { request, response } = await open(url, options);
  const parser = new SseParser();
  try {
    response.setEncoding('utf8');
    options.onOpen?.();
    for await (const text of response as AsyncIterable<string>) yield* parser.push(text);
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof SupervisorError) throw error;
    throw new SupervisorError('disconnected', `${url}: ${textOf(error)}.`);
  } finally {
    request.destroy();
  }
}

interface Opened {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

function open(url: string, options: SseOptions): Promise<Opened> {
  const { headers, signal, connectTimeoutMs, stallMs } = options;
  return new Promise((resolve, reject) => {
    const request = get(url, {
      // A connection of its own: it ends with the stream.
      agent: false,
      headers: { accept: 'text/event-stream', ...headers },
      signal,
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(
        signal.aborted ? error : new SupervisorError('not_running', `${url}: ${textOf(error)}.`),
      );
    });
    request.once('response', (response) => {
      clearTimeout(timer);
      request.setTimeout(stallMs, () => {
        response.destroy(new Error(`nothing came for ${stallMs} ms`));
      });
      const type = response.headers['content-type'] ?? '';
      if (response.statusCode === 200 && type.startsWith('text/event-stream')) {
        resolve({ request, response });
        return;
      }
      void refusalOf(url, response).then((error) => {
        request.destroy();
        reject(error);
      });
    });
  });
}

/** A refusal is short; of a longer body the rest says nothing. */
const maxRefusalLength = 64 * 1024;

async function refusalOf(url: string, response: IncomingMessage): Promise<SupervisorError> {
  let body = '';
  try {
    for await (const text of response.setEncoding('utf8') as AsyncIterable<string>) {
      body += text;
      if (body.length > maxRefusalLength) break;
    }
    const { code, error } = JSON.parse(body) as { code?: ErrorCode; error?: unknown };
    if (code !== undefined) return new SupervisorError(code, String(error));
  } catch {
    // It said no more than its status.
  }
  return new SupervisorError('disconnected', `${url} answered ${response.statusCode}.`);
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.message === '' ? String(error.code) : error.message;
}
