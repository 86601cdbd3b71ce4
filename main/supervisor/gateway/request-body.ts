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
function streamBody(
  request: IncomingMessage,
  onBytes?: (bytes: number) => void,
): AsyncIterable<Buffer> | null {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length === undefined && coding === undefined) return null;
  if (Number(length ?? 0) > maxBodyBytes) throw tooLarge();
  return limited(request, onBytes);
}

/** The whole body; throws like `streamBody`. */
export async function wholeBody(
  request: IncomingMessage,
  onBytes?: (bytes: number) => void,
): Promise<Buffer> {
  const body = await bodyUpTo(request, maxBodyBytes, onBytes);
  if (body === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  throw tooLarge();
}

/**
 * The body: as a whole up to this many bytes, because then it can be sent again; a larger one as it
 * comes; null when there is none. Throws like `streamBody`, the stream of a larger one included.
 */
export function bodyUpTo(
  request: IncomingMessage,
  maxBytes: number,
  onBytes?: (bytes: number) => void,
): Promise<Buffer | AsyncIterable<Buffer> | null> {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (length === undefined && coding === undefined) return Promise.resolve(null);
  if (Number(length ?? 0) > maxBytes) return Promise.resolve(streamBody(request, onBytes));
  return takeParts(request, maxBytes, onBytes);
}

/**
 * Reads the body by events, which cost a fraction of an iterator: nearly every request comes here.
 * Rejects when the client goes away.
 */
function takeParts(
  request: IncomingMessage,
  maxBytes: number,
  onBytes?: (bytes: number) => void,
): Promise<Buffer | AsyncIterable<Buffer>> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const onData = (part: Buffer) => {
      parts.push(part);
      size += part.length;
      if (size <= maxBytes) return;
      request.pause();
      request.off('data', onData);
      resolve(limited(request, onBytes, parts));
    };
    request.on('data', onData);
    let hasEnded = false;
    // Both come once, and `on` costs less than `once`.
    request.on('end', () => {
      hasEnded = true;
      if (size > maxBytes) return;
      onBytes?.(size);
      resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, size));
    });
    request.on('close', () => {
      if (!hasEnded) reject(new Error('the client closed the connection'));
    });
  });
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

/** What was read already, then the rest. */
async function* limited(
  request: IncomingMessage,
  onBytes?: (bytes: number) => void,
  parts: readonly Buffer[] = [],
): AsyncGenerator<Buffer> {
  let size = 0;
  const count = (part: Buffer) => {
    size += part.length;
    if (size > maxBodyBytes) throw tooLarge();
    onBytes?.(part.length);
    return part;
  };
  for (const part of parts) yield count(part);
  const rest = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const part of rest) yield count(part);
}

function tooLarge(): CodedError {
  return new CodedError('too_large', `The request is larger than ${maxBodyBytes} bytes.`);
}
