/** What a proxy must know of headers: which of them end here, and how a head is sent at once. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';

/** Headers that belong to one connection, not to the message (RFC 9110 §7.6.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Tells of each header, by its name in lower case, whether it belongs to the connection: by its nature
 * or because the message's `Connection` header, given here, names it. What frames the body cannot be
 * named away: the body would be taken for the next request.
 */
export function connectionHeaders(connection: string | undefined): (name: string) => boolean {
  // Nearly all clients say nothing more than this.
  if (connection === undefined || connection === 'keep-alive') return isHopByHop;
  const named = tokens(connection);
  return (name) => hopByHop.has(name) || (named.includes(name) && name !== 'content-length');
}

function isHopByHop(name: string): boolean {
  return hopByHop.has(name);
}

/**
 * Takes the headers of the connection out of a message that a library passes on. Those that it rules
 * itself stay: what frames the body, and whether the client wants the connection closed.
 */
export function removeConnectionHeaders(headers: IncomingHttpHeaders): void {
  const wantsClose = tokens(headers.connection).includes('close');
  const isOfConnection = connectionHeaders(headers.connection);
  for (const name of Object.keys(headers)) {
    if (name !== 'transfer-encoding' && isOfConnection(name)) delete headers[name];
  }
  if (wantsClose) headers.connection = 'close';
}

/**
 * Sends the head before there is a body. An empty write does it, where `flushHeaders` would write the
 * head in UTF-8 and so change the bytes of values that are not ASCII.
 */
export function sendHead(response: ServerResponse): void {
  response.write(Buffer.alloc(0));
}

function tokens(connection: string | undefined): readonly string[] {
  return (connection ?? '').toLowerCase().split(/[\s,]+/);
}

/** The text of a header of MCP 2026-07-28, which may be wrapped as `=?base64?…?=`. */
export function decodedHeader(value: string): string {
  const wrapped = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value)?.[1];
  return wrapped === undefined ? value : Buffer.from(wrapped, 'base64').toString('utf8');
}
