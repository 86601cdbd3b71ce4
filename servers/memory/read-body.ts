/** Reads what was posted, once, so that it can be looked at before it is passed on. */
import type { IncomingMessage } from 'node:http';
import { DEFAULT_MAX_REQUEST_BODY_SIZE } from '@modelcontextprotocol/server';
import { readText } from '../read-text.ts';

/** What the SDK reads at most when it reads for itself. */
export const maxBodyBytes = DEFAULT_MAX_REQUEST_BODY_SIZE;

export type Body =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly why: 'too_large' | 'not_json' };

/** The parsed body; rejects when the client goes away before its end. */
export async function readBody(request: IncomingMessage): Promise<Body> {
  const text = await readText(request, maxBodyBytes);
  if (text === null) return { ok: false, why: 'too_large' };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, why: 'not_json' };
  }
}
