import { createHash } from 'node:crypto';

/** Tells contents apart: SHA-256, in hex. */
export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
