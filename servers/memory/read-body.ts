/** Reads what was posted, once, so that it can be looked at before it is passed on. */
import type { IncomingMessage } from 'node:http';
import { DEFAULT_MAX_REQUEST_BODY_SIZE } from '@modelcontextprotocol/server';

/** What the SDK reads at most when it reads for itself. */
export const maxBodyBytes = DEFAULT_MAX_REQUEST_BODY_SIZE;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: 'too_large' | 'not_json' };

/** The parsed body; rejects when the client goes away before its end. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  // Read to its end even when too large: who is still writing when the connection closes sees a
  // broken pipe instead of the answer. Node ends a request that takes too long (requestTimeout).
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= maxBodyBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (sizeBytes > maxBodyBytes) return { ok: false, why: 'too_large' };
  try {
    return { ok: true, value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch {
    return { ok: false, why: 'not_json' };
  }
}
