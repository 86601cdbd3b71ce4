/**
 * MCP clients in web pages of configured origins ([events] allowed_origins): the browser asks before
 * each call, and shows the page only what it is told to. Other pages get none of these headers; the
 * guard has refused those of foreign origins already. Where an instance sends the same header itself, its
 * own counts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers that a page must be able to read: the session's id, and why it was refused. */
const exposed = 'Mcp-Session-Id, WWW-Authenticate, Retry-After';

/** How long a browser may remember the answer, in seconds. */
const maxAgeSeconds = 600;

/** Lists of header names (RFC 9110 §5.1), as browsers send them. */
const headerNames = /^[\w!#$%&'*+.^`|~-]+(?: *, *[\w!#$%&'*+.^`|~-]+)*$/;
const maxNamesLength = 2_000;

/**
 * Adds the headers for a page that may read the answer. True when the request was the browser's question
 * (a preflight), which is answered by then.
 */
export function answerCors(
  request: IncomingMessage,
  response: ServerResponse,
  allowedOrigins: readonly string[],
): boolean {
  const { origin } = request.headers;
  if (origin === undefined || !allowedOrigins.includes(origin)) return false;
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('vary', 'Origin');
  const asked = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || asked === undefined) {
    response.setHeader('access-control-expose-headers', exposed);
    return false;
  }
  const names = request.headers['access-control-request-headers'];
  // The names are given back as asked for: `Mcp-Param-…` (MCP 2026-07-28) cannot be listed beforehand.
  const mayBeSent =
    typeof names === 'string' && names.length <= maxNamesLength && headerNames.test(names);
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST, DELETE',
    ...(mayBeSent && { 'access-control-allow-headers': names }),
    'access-control-max-age': String(maxAgeSeconds),
  });
  response.end();
  return true;
}
