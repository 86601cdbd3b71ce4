/** Reads what was posted. */
import type { IncomingMessage } from 'node:http';
import { readText } from '../read-text.ts';
import { maxLineBytes } from './line-reader.ts';

/** What a server may send at once, a client may too. */
export const maxBodyBytes = maxLineBytes;

/** The text; null when it is too large; rejects when the client goes away before its end. */
export function readBody(request: IncomingMessage): Promise<string | null> {
  return readText(request, maxBodyBytes);
}
