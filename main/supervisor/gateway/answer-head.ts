/**
 * The head of an instance's answer (RFC 9112), read strictly: whatever two programs could understand in
 * two ways is refused, because the bytes after it would be taken for something that they are not.
 */

/** The instance did not answer in HTTP as it must be. */
export class MalformedAnswer extends Error {
  constructor(what: string) {
    super(`the instance's answer is not valid HTTP: ${what}`);
  }
}

export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn, as they came; one character a byte. */
  readonly rawHeaders: string[];
  /** By name in lower case. */
  readonly headers: Record<string, string | string[]>;
  /** Bytes of the body, or what tells its end. */
  readonly body: number | 'chunked' | 'until close';
  /** How long the connection may rest after it and then be used again, in ms; 0: not at all. */
  readonly restMs: number;
}

/** An instance that does not say otherwise is trusted to keep a connection for so long. */
const defaultRestMs = 4_000;

/** Left of the time that an instance says it keeps a connection: what is sent at its very end is lost. */
const restMarginMs = 2_000;

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** A name is a token; nothing is between it and the colon, and no value goes on in the next line. */
const headerLine = /^([\w!#$%&'*+.^`|~-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Reads a head, given without the empty line at its end; throws `MalformedAnswer`. */
export function readAnswerHead(text: string, method: string): AnswerHead {
  const lines = text.split('\r\n');
  const first = statusLine.exec(lines[0] ?? '');
  if (first === null) throw new MalformedAnswer('its first line is no status line');
  const rawHeaders: string[] = [];
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let index = 1; index < lines.length; index += 1) {
    const match = headerLine.exec(lines[index] ?? '');
    if (match === null) throw new MalformedAnswer('a line of its head is no header');
    const name = match[1] ?? '';
    const value = (match[2] ?? '').trimEnd();
    rawHeaders.push(name, value);
    add(headers, name.toLowerCase(), value);
  }
  const status = Number(first[2]);
  const isOld = first[1] === '0';
  const body = bodyOf(headers, status, method, isOld);
  const restMs = isOld || body === 'until close' ? 0 : restOf(headers);
  return { status, reason: first[3] ?? '', rawHeaders, headers, body, restMs };
}

function add(headers: Record<string, string | string[]>, name: string, value: string): void {
  const before = headers[name];
  if (before === undefined) headers[name] = value;
  else if (typeof before === 'string') headers[name] = [before, value];
  else before.push(value);
}

/** RFC 9112 §6.3. */
function bodyOf(
  headers: AnswerHead['headers'],
  status: number,
  method: string,
  isOld: boolean,
): AnswerHead['body'] {
  const { 'transfer-encoding': coding, 'content-length': length } = headers;
  if (coding !== undefined) {
    if (length !== undefined) throw new MalformedAnswer('it has a length and a transfer coding');
    const isChunked = typeof coding === 'string' && coding.toLowerCase() === 'chunked';
    if (!isChunked || isOld) throw new MalformedAnswer('its transfer coding is not "chunked"');
  } else if (length !== undefined && (typeof length !== 'string' || !/^\d{1,15}$/.test(length))) {
    throw new MalformedAnswer('its length is not one number');
  }
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') return 0;
  if (coding !== undefined) return 'chunked';
  return length === undefined ? 'until close' : Number(length);
}

function restOf({ connection, 'keep-alive': hint }: AnswerHead['headers']): number {
  if (connection !== undefined && /(?:^|[\s,])close(?:[\s,]|$)/i.test(String(connection))) return 0;
  const seconds = hint === undefined ? null : /timeout=(\d{1,9})/i.exec(String(hint))?.[1];
  if (seconds === undefined || seconds === null) return defaultRestMs;
  return Math.max(0, Math.min(defaultRestMs, Number(seconds) * 1_000 - restMarginMs));
}
