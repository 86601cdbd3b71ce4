/**
 * The body of a request to `/mcp`: read as it comes, never more of it than allowed.
 *
 * It is read through an iterator that leaves the request alone when the reading ends early. Ending a
 * request stream closes its connection, and then no refusal reaches the client, whatever the reason:
 * a body that is too large, or an instance that did not take it.
 */
import type { IncomingMessage } from 'node:http';
import { CodedError } from '../../../shared/errors.ts';

/** The old system's cap; larger tool arguments belong into files. */
const maxBodyBytes = 16 * 1024 * 1024;

/** How long a client may go on sending a body that was refused, in ms. */
const lingerMs = 2_000;

/**
 * The body to stream on, or null when there is none. `onBytes` is told the size of each part. Throws
 * `too_large`, at once when the announced length is, else where the cap is passed.
 */
export function streamBody(
  request: IncomingMessage,
  onBytes?: (bytes: number) => void,
): AsyncIterable<Buffer> | null {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length === undefined && coding === undefined) return null;
  if (Number(length ?? 0) > maxBodyBytes) throw tooLarge();
  return limited(request, onBytes);
}

/** The whole body; throws like `streamBody`. */
export async function wholeBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of streamBody(request) ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Throws away what still comes of a refused body, for a while. To close the connection at once would
 * reset it, and the client would see that instead of the reason (RFC 9112 §9.6).
 */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  request.resume();
  const cut = setTimeout(() => request.socket.destroy(), lingerMs);
  request.once('close', () => clearTimeout(cut));
}

async function* limited(
  request: IncomingMessage,
  onBytes?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let size = 0;
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBodyBytes) throw tooLarge();
    onBytes?.(chunk.length);
    yield chunk;
  }
}

function tooLarge(): CodedError {
  return new CodedError('too_large', `The request is larger than ${maxBodyBytes} bytes.`);
}
