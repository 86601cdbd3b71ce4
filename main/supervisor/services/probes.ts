/** Questions asked of a running service: is it there, does it answer? */
import { request } from 'node:http';
import { connect } from 'node:net';
import { messageOf } from '../../../shared/errors.ts';
import { isShortage } from './shortage.ts';

/** What can be asked at any time. */
export type Probe =
  | {
      readonly kind: 'http';
      readonly url: string;
      /** A server without this path answers 404, and is there all the same. */
      readonly pathMayBeMissing?: boolean;
    }
  | { readonly kind: 'tcp'; readonly port: number };

/** What makes a service ready: an answer, or a line that it prints. */
export type ReadyWhen = Probe | { readonly kind: 'log'; readonly pattern: RegExp };

/** Null when the probe succeeded, otherwise why it did not; the last one when we could not even ask. */
export type ProbeResult = string | null | { readonly notAsked: string };

/** Asks once; never throws. */
export async function runProbe(
  probe: Probe,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<ProbeResult> {
  const limit = AbortSignal.timeout(timeoutMs);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    return probe.kind === 'http'
      ? await probeHttp(probe, either)
      : await probeTcp(probe.port, either);
  } catch (error) {
    if (limit.aborted) return `no answer within ${timeoutMs} ms`;
    return isShortage(error) ? { notAsked: messageOf(error) } : messageOf(error);
  }
}

/** Any 2xx is healthy. Each probe has a connection of its own: a kept one could outlive the process. */
function probeHttp(
  { url, pathMayBeMissing }: Extract<Probe, { kind: 'http' }>,
  signal: AbortSignal,
): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const call = request(url, { signal, agent: false }, (response) => {
      response.resume();
      const status = response.statusCode ?? 0;
      const isFine = (status >= 200 && status < 300) || (status === 404 && pathMayBeMissing);
      resolve(isFine ? null : `${url} answered ${status}`);
    });
    call.on('error', reject);
    call.end();
  });
}

function probeTcp(port: number, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, signal });
    socket.on('connect', () => {
      socket.destroy();
      resolve(null);
    });
    socket.on('error', reject);
  });
}
