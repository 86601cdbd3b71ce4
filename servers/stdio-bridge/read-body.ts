/** Reads what was posted. */
import type { IncomingMessage } from 'node:http';
import { maxLineBytes } from './line-reader.ts';

/** What a server may send at once, a client may too. */
export const maxBodyBytes = maxLineBytes;

/** The text; null when it is too large; rejects when the client goes away before its end. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Read to its end even when too large: who is still writing when the connection closes sees a
  // broken pipe instead of the answer. Node ends a request that takes too long (requestTimeout).
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return sizeBytes > maxBodyBytes ? null : Buffer.concat(chunks).toString('utf8');
}
