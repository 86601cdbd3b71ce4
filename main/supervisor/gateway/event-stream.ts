/** Server-sent events as bytes go by: how they are written, and what is read of them. */

/**
 * Ends an event that broke off. Without it, what follows would be read as the rest of that event; with
 * it clients drop the half, because its type is none that they know. Between events it says nothing
 * (WHATWG HTML §9.2.6: an event without data is not dispatched).
 */
export const endOfHalfEvent = '\nevent: interrupted\n\n';

/** Whether a message with this `Content-Type` is such a stream. */
export function isEventStream(contentType: string | undefined): boolean {
  return contentType?.startsWith('text/event-stream') ?? false;
}

/** A JSON-RPC message as the event of a stream. Line breaks between its tokens mean nothing in JSON. */
export function messageEvent(json: string): string {
  return `event: message\ndata: ${json.replace(/[\r\n]+/g, ' ')}\n\n`;
}

/** Where the last complete event ends; 0 when none is complete. */
export function endOfEvents(bytes: Buffer): number {
  const plain = bytes.lastIndexOf('\n\n');
  const withReturns = bytes.lastIndexOf('\n\r\n');
  return Math.max(plain === -1 ? 0 : plain + 2, withReturns === -1 ? 0 : withReturns + 3);
}

/** The data of one event; empty when it has none. */
export function eventData(event: string): string {
  return event
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5))
    .join('\n');
}
