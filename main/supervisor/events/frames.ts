/** Server-sent event frames, as WHATWG HTML §9.2 has them. */
import type { Gap } from '../../../shared/events.ts';

/** A comment: keeps proxies from closing an idle connection, and clients ignore it. */
export const pingFrame = Buffer.from(': ping\n\n');

/** The last frame before an orderly end. */
export const shutdownFrame = Buffer.from('event: shutdown\ndata: {}\n\n');

/** How long a client waits before it connects again, in ms. */
export function retryFrame(retryMs: number): Buffer {
  return Buffer.from(`retry: ${retryMs}\n\n`);
}

/** One event, given as the JSON of its stamped form: no raw line breaks, so one `data:` line holds it. */
export function eventFrame(id: number, json: string): Buffer {
  return Buffer.from(`id: ${id}\ndata: ${json}\n\n`);
}

/** Tells a subscriber which ids it will not get; `cursor` is where it goes on from, also after a reconnect. */
export function gapFrame(gap: Gap, cursor: number): Buffer {
  return Buffer.from(`id: ${cursor}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`);
}
