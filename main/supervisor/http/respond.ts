import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError, codeOf, messageOf } from '../../../shared/errors.ts';

/** Answers with JSON; does nothing when the answer has already begun. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes.length,
    'cache-control': 'no-store',
  });
  response.end(bytes);
}

/** Answers with an error's code and sentence; the status comes from the table of codes. */
export function sendError(response: ServerResponse, error: unknown): void {
  const status = error instanceof CodedError ? error.status : 500;
  sendJson(response, status, { ok: false, error: messageOf(error), code: codeOf(error) });
}

/** Reads a whole body; throws `too_large` as soon as it passes `maxBytes`. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () =>
    new CodedError('too_large', `The body is larger than the ${maxBytes} bytes allowed here.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Ending the request stream early would close its connection, and the refusal would not arrive.
  const parts = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of parts) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
