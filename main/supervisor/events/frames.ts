/** Server-sent event frames, as WHATWG HTML §9.2 has them. */
import type { Gap, StampedEvent } from '../../../shared/events.ts';

/** A comment: keeps proxies from closing an idle connection, and clients ignore it. */
export const pingFrame = Buffer.from(': ping\n\n');

/** The last frame before an orderly end. */
export const shutdownFrame = Buffer.from('event: shutdown\ndata: {}\n\n');

/** How long a client waits before it connects again, in ms. */
export function retryFrame(retryMs: number): Buffer {
  return Buffer.from(`retry: ${retryMs}\n\n`);
}

/** One event. JSON has no raw line breaks, so one `data:` line holds it. */
export function eventFrame(event: StampedEvent): Buffer {
  return Buffer.from(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`);
}

/** Tells a subscriber which ids it will not get; `cursor` is where it goes on from, also after a reconnect. */
export function gapFrame(gap: Gap, cursor: number): Buffer {
  return Buffer.from(`id: ${cursor}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`);
}
