/**
 * Brings a subscriber that comes back up to the ring: reads what it missed from the journal, page by
 * page, at its own pace. Whatever is not there any more it is told of, with the exact range; so the
 * ids it sees and the gaps it is told of together leave no hole.
 */
import type { DataChange, Gap, GapReason } from '../../../shared/events.ts';
import { matches } from './filter.ts';
import { eventFrame } from './frames.ts';
import type { Journal, JournalPage } from './journal.ts';
import type { Subscriber } from './subscriber.ts';

/** Events read at once: a page is what one subscriber may cost in memory while it catches up. */
const pageEvents = 256;

export interface ReplayCounts {
  readonly onReplayed: (frames: number) => void;
  readonly onGap: (gap: Gap) => void;
}

/**
 * Delivers from `subscriber.next` on until `oldestId()`, which moves while it reads. Ends early when
 * the subscriber goes. Never throws.
 */
export async function replayFromJournal(
  subscriber: Subscriber,
  journal: Journal,
  oldestId: () => number,
  counts: ReplayCounts,
): Promise<void> {
  while (!subscriber.closed && subscriber.next < oldestId()) {
    if (subscriber.isBehind) {
      await new Promise<void>((resolve) => subscriber.whenDrained(resolve));
      continue;
    }
    const page = await journal.read(subscriber.next, pageEvents);
    if (subscriber.closed || page.events.ids.length === 0) return;
    deliver(subscriber, page, oldestId(), counts);
  }
}

function deliver(
  subscriber: Subscriber,
  page: JournalPage,
  oldestId: number,
  counts: ReplayCounts,
): void {
  const { ids, texts } = page.events;
  let frames: Buffer[] = [];
  const flush = () => {
    if (frames.length === 0) return;
    subscriber.take({ bytes: Buffer.concat(frames), frames: frames.length, next: subscriber.next });
    counts.onReplayed(frames.length);
    frames = [];
  };
  for (const [index, id] of ids.entries()) {
    if (id > subscriber.next) {
      flush();
      // Memory may still have what the disk did not take.
      const end = Math.min(id, oldestId);
      if (subscriber.next < end) skipTo(subscriber, end, page, counts);
      if (end < id) return;
    }
    subscriber.next = id + 1;
    const text = texts[index] ?? '';
    if (isWanted(subscriber, text)) frames.push(eventFrame(id, text));
  }
  flush();
}

function skipTo(
  subscriber: Subscriber,
  end: number,
  { oldestId }: JournalPage,
  counts: ReplayCounts,
): void {
  const reason: GapReason = subscriber.next < oldestId ? 'expired' : 'unknown';
  const gap: Gap = { from: subscriber.next, to: end - 1, reason };
  subscriber.skip(gap, end);
  counts.onGap(gap);
}

function isWanted(subscriber: Subscriber, json: string): boolean {
  if (subscriber.filter === null) return true;
  const event = JSON.parse(json) as { readonly data: DataChange };
  return matches(subscriber.filter, event.data);
}
