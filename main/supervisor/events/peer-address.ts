import type { IncomingMessage } from 'node:http';

/**
 * Who is at the other end (old weakness W7: it was "unknown"). `X-Forwarded-For` counts only as far as
 * proxies that the configuration trusts vouch for it: read from the right, the first address that is
 * not a trusted proxy is the peer. Anybody else could write whatever they like there.
 */
export function peerAddress(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  trustedProxies: readonly string[],
): string {
  const direct = plain(request.socket.remoteAddress ?? 'unknown');
  if (!trustedProxies.includes(direct)) return direct;
  const header = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .split(',')
    .map((hop) => plain(hop.trim()))
    .filter((hop) => hop !== '');
  return hops.findLast((hop) => !trustedProxies.includes(hop))?.slice(0, 60) ?? direct;
}

/** `::ffff:127.0.0.1` is 127.0.0.1 as a dual-stack socket shows it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
