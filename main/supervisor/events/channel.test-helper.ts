/** For tests: a channel and subscribers that are plain memory, so that every interleaving can be made. */
import type { Gap, StampedEvent } from '../../../shared/events.ts';
import { type ChannelOptions, EventChannel, type Subscription } from './channel.ts';
import type { EventFilter } from './filter.ts';
import type { Sink } from './subscriber.ts';

export function channelOf(options: Partial<ChannelOptions> = {}): EventChannel {
  return new EventChannel({
    bufferSize: 16,
    replayBufferSize: 8,
    firstId: 1,
    journal: null,
    maxEventBytes: 131_072,
    ...options,
  });
}

let births = 0;

/** Publishes `count` test events. */
export function publish(channel: EventChannel, count = 1): readonly StampedEvent[] {
  return Array.from({ length: count }, () => {
    births += 1;
    const origin = {
      timestamp: '2026-11-22T00:00:00.000Z',
      source: 'test',
      source_id: `t${births}`,
    };
    return channel.publish({ event_type: 'test', message: 'x'.repeat(20) }, origin);
  });
}

/** Resolves after the channel has flushed what was published in this turn. */
export function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

export type Seen = { readonly id: number } | { readonly gap: Gap } | { readonly named: string };

/** A subscriber whose socket takes bytes only while `reading`. */
export class FakeSubscriber implements Sink {
  readonly received: Buffer[] = [];
  #stuck = 0;
  #reading = true;
  #drained: (() => void) | null = null;
  #subscription: Subscription | null = null;

  subscribe(
    channel: EventChannel,
    lastEventId: string | null = null,
    filter: EventFilter | null = null,
  ): this {
    const info = { address: '127.0.0.1', userAgent: null, label: null };
    this.#subscription = channel.subscribe({ sink: this, filter, info, lastEventId });
    return this;
  }

  get status() {
    if (this.#subscription === null) throw new Error('not subscribed');
    return this.#subscription.status();
  }

  leave(): void {
    this.#subscription?.close();
  }

  set reading(reading: boolean) {
    this.#reading = reading;
    if (!reading) return;
    this.#stuck = 0;
    const drained = this.#drained;
    this.#drained = null;
    drained?.();
  }

  write(bytes: Buffer): void {
    this.received.push(bytes);
    // A stopped reader looks like this from the other end: its first write fills the socket.
    if (!this.#reading) this.#stuck += bytes.length + 1_000_000;
  }

  backlog(): number {
    return this.#stuck;
  }

  onDrain(listener: () => void): void {
    this.#drained = listener;
  }

  end(): void {
    this.leave();
  }

  /** Everything it was sent, in order. */
  get seen(): readonly Seen[] {
    return readFrames(Buffer.concat(this.received).toString());
  }

  get ids(): readonly number[] {
    return this.seen.flatMap((each) => ('id' in each ? [each.id] : []));
  }

  get gaps(): readonly Gap[] {
    return this.seen.flatMap((each) => ('gap' in each ? [each.gap] : []));
  }
}

/** The complete frames of a stream, without comments and `retry:`; the rest of a cut one is left out. */
export function readFrames(text: string): readonly Seen[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .filter((frame) => frame !== '' && !frame.startsWith(':') && !frame.startsWith('retry:'))
    .map(parseFrame);
}

function parseFrame(frame: string): Seen {
  const fields = new Map(
    frame
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const event = fields.get('event');
  if (event === 'gap') return { gap: JSON.parse(fields.get('data') ?? '') as Gap };
  if (event !== undefined) return { named: event };
  const stamped = JSON.parse(fields.get('data') ?? '') as StampedEvent;
  if (String(stamped.id) !== fields.get('id'))
    throw new Error(`id field and data differ: ${frame}`);
  return { id: stamped.id };
}

/**
 * Checks the promise of the channel: from `start` on, the ids seen and the gaps told make one
 * increasing sequence without a hole. Returns the id after the last one, or the complaint.
 */
export function account(seen: readonly Seen[], start: number): number | string {
  let next = start;
  for (const each of seen) {
    if ('named' in each) continue;
    const from = 'id' in each ? each.id : each.gap.from;
    const to = 'id' in each ? each.id : each.gap.to;
    if (from !== next) return `expected ${next}, got ${JSON.stringify(each)}`;
    next = to + 1;
  }
  return next;
}
