/** Which transport a request's client speaks. It is noted beside the request: nobody outside can claim it. */
import type { IncomingMessage } from 'node:http';
import type { SessionStatus } from '../../../shared/status.ts';

const ofLegacySse = new WeakSet<IncomingMessage>();

/** Notes that a request is made in the name of a client of HTTP+SSE. */
export function markLegacySse(request: IncomingMessage): void {
  ofLegacySse.add(request);
}

export function transportOf(request: IncomingMessage): SessionStatus['transport'] {
  return ofLegacySse.has(request) ? 'sse' : 'streamable-http';
}
