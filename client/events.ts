/**
 * Data-change events as an async iterator that outlives restarts of the supervisor: after each it goes on
 * behind the last event that it gave out, so that none is lost and none comes twice. What the
 * supervisor does not have any more, it tells as a gap.
 */
import type { EventType, Gap, StampedEvent } from '../shared/events.ts';
import { BackOff } from './back-off.ts';
import { authorization, type Gateway, mayPass, type StreamState } from './gateway.ts';
import { readSse, type SseFrame } from './sse.ts';

export type EventItem =
  | { readonly kind: 'event'; readonly event: StampedEvent }
  /** These events will not come. */
  | { readonly kind: 'gap'; readonly gap: Gap };

export interface EventFilter {
  readonly types?: readonly EventType[];
  readonly workspaceId?: string;
  readonly planId?: string;
  /** Begin behind this event; otherwise with what happens from now on. */
  readonly since?: number;
  /** Who listens, as the list of subscribers shows it. */
  readonly label?: string;
  /** Ends the iteration. */
  readonly signal?: AbortSignal;
  /** For people who watch: the stream came up or went away. */
  readonly onState?: (state: StreamState) => void;
}

/** Three times the comment that the supervisor sends to keep a quiet stream alive, in ms. */
const stallMs = 90_000;

/**
 * Ends only by `signal`, by `return`, or with an error that another try would meet again (an unknown type
 * in the filter, a wrong token). While no supervisor runs it waits for one.
 */
export async function* readEvents(
  gateway: Gateway,
  filter: EventFilter,
): AsyncGenerator<EventItem, void, undefined> {
  const end = new AbortController();
  const signal = AbortSignal.any([end.signal, ...(filter.signal ? [filter.signal] : [])]);
  const backOff = new BackOff();
  let lastId = filter.since ?? null;
  try {
    while (!signal.aborted) {
      let reason = 'the stream ended';
      try {
        const stats = await gateway.stats(signal);
        // From here on nothing is missed, also if the first connection breaks before its first event.
        lastId ??= stats.last_id;
        const frames = readSse(addressOf(stats.events_url, filter), {
          headers: { ...(await authorization(gateway)), 'last-event-id': String(lastId) },
          signal,
          connectTimeoutMs: gateway.connectTimeoutMs,
          stallMs,
          onOpen: () => filter.onState?.({ connected: true }),
        });
        for await (const frame of frames) {
          backOff.reset();
          if (frame.type === 'shutdown') break;
          const id = Number(frame.lastEventId);
          const item = itemIn(frame, id, lastId);
          if (item === null) continue;
          // A gap may lead back: the supervisor lost its data, and our id is one that it never gave.
          lastId = id;
          yield item;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!mayPass(error)) throw error;
        reason = error.message;
      }
      if (signal.aborted) return;
      filter.onState?.({ connected: false, reason });
      await backOff.wait(signal);
    }
  } finally {
    end.abort();
  }
}

function itemIn({ type, data }: SseFrame, id: number, lastId: number): EventItem | null {
  if (type === 'gap') return { kind: 'gap', gap: JSON.parse(data) as Gap };
  if (type !== 'message' || id <= lastId) return null;
  return { kind: 'event', event: JSON.parse(data) as StampedEvent };
}

function addressOf(eventsUrl: string, filter: EventFilter): string {
  const url = new URL(eventsUrl);
  const { types = [], workspaceId, planId, label } = filter;
  if (types.length > 0) url.searchParams.set('types', types.join(','));
  if (workspaceId !== undefined) url.searchParams.set('workspace_id', workspaceId);
  if (planId !== undefined) url.searchParams.set('plan_id', planId);
  if (label !== undefined) url.searchParams.set('label', label);
  return url.href;
}
