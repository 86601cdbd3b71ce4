/**
 * Keeps web pages out of local ports. A browser reaches 127.0.0.1 from any page, by name too (DNS
 * rebinding), so every request must name this machine in `Host`, and, where a browser says from which
 * page it comes (`Origin`), that page must be local or configured. MCP 2025-11-25 transports, L14.
 */
import type { IncomingMessage } from 'node:http';
import { CodedError } from '../../../shared/errors.ts';

const localNames = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** True for `localhost:3457`, `127.0.0.1`, `[::1]:80` and nothing else. */
export function isLocalHost(host: string | undefined): boolean {
  const match = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host ?? '');
  return match?.[1] !== undefined && localNames.has(match[1].toLowerCase());
}

/** True for an http(s) origin on this machine, and for the exactly configured ones. */
export function isAllowedOrigin(origin: string, allowed: readonly string[] = []): boolean {
  if (allowed.includes(origin)) return true;
  const match = /^https?:\/\/(.+)$/i.exec(origin);
  return match !== null && isLocalHost(match[1]);
}

/**
 * Throws `forbidden_host` or `forbidden_origin` (403) for a request that may come from a foreign page.
 * An absent Origin is fine: programs do not send it.
 */
export function checkLocalRequest(
  request: Pick<IncomingMessage, 'headers'>,
  allowedOrigins: readonly string[] = [],
): void {
  const { host, origin } = request.headers;
  if (!isLocalHost(host)) {
    throw new CodedError(
      'forbidden_host',
      `The Host header "${printable(host)}" is not this machine. Use http://127.0.0.1 or http://localhost.`,
    );
  }
  if (origin !== undefined && !isAllowedOrigin(origin, allowedOrigins)) {
    throw new CodedError(
      'forbidden_origin',
      `Pages of "${printable(origin)}" may not call this address.`,
    );
  }
}

/** What a stranger sent, short and without control characters. */
function printable(text: string | undefined): string {
  return (text ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}
