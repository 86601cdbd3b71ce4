/**
 * Who may ask. The server listens on loopback only, but every web page in the user's browser can
 * reach that: by DNS rebinding (seen in `Host`) or from another origin (seen in `Origin`).
 */
import type { IncomingHttpHeaders } from 'node:http';
import { CodedError } from '../../shared/errors.ts';

const loopbackHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;
const loopbackOrigin = /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/** Why a request with these headers is refused, or null when it is welcome. */
export function refusalOf(headers: IncomingHttpHeaders): CodedError | null {
  const { host, origin } = headers;
  if (host === undefined || !loopbackHost.test(host))
    return new CodedError(
      'forbidden_host',
      `The dashboard answers to 127.0.0.1 and localhost, not to ${JSON.stringify(host ?? '')}.`,
    );
  if (origin !== undefined && !loopbackOrigin.test(origin))
    return new CodedError(
      'forbidden_origin',
      `Pages of ${JSON.stringify(origin)} may not read the dashboard.`,
    );
  return null;
}
