/** Reads what was posted to one of the bundled servers. */
import type { IncomingMessage } from 'node:http';

/** The text; null when it is larger than `maxBytes`; rejects when the client goes away before its end. */
export async function readText(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Read to its end even when too large: who is still writing when the connection closes sees a
  // broken pipe instead of the answer. Node ends a request that takes too long (requestTimeout).
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return sizeBytes > maxBytes ? null : Buffer.concat(chunks).toString('utf8');
}
