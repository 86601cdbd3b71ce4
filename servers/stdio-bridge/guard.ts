/**
 * Who may ask. The bridge listens on loopback only, but every web page in the user's browser can reach
 * that: by DNS rebinding (seen in `Host`) or from another origin (seen in `Origin`). MCP 2025-11-25
 * and 2026-07-28, transports: an Origin that is there and wrong is answered with 403.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { printable } from './log.ts';

const loopbackHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;
const loopbackOrigin = /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/** Why a request with these headers is refused with 403, or null when it is welcome. */
export function refusalOf({ host, origin }: IncomingHttpHeaders): string | null {
  if (host === undefined || !loopbackHost.test(host)) {
    return `The Host header "${printable(host ?? '')}" is not this machine. Use http://127.0.0.1.`;
  }
  if (origin !== undefined && !loopbackOrigin.test(origin)) {
    return `Pages of "${printable(origin)}" may not call this address.`;
  }
  return null;
}
