/** Everything the page shows, and how each piece of news changes it. */
import { assertNever } from '../../shared/assert-never.ts';
import type { StampedEvent } from '../../shared/events.ts';
import type { StatusSnapshot } from '../../shared/status.ts';
import type { Connection } from '../bridge.ts';
import { mergeEvents } from './event-list.ts';
import { withPoolAddresses } from './pool-addresses.ts';
import { shareUnchanged } from './share-unchanged.ts';
import { noUsage, recordUsage, type UsageHistory } from './usage-history.ts';

export interface PageState {
  readonly connection: Connection;
  /** Null until the first one arrives. */
  readonly snapshot: StatusSnapshot | null;
  /** When the snapshot arrived here, milliseconds since 1970; null before the first. */
  readonly receivedAt: number | null;
  /** Newest first, bounded. */
  readonly events: readonly StampedEvent[];
  readonly usage: UsageHistory;
}

export type PageNews =
  | { readonly type: 'connection'; readonly connection: Connection }
  | { readonly type: 'snapshot'; readonly snapshot: StatusSnapshot; readonly at: number }
  | { readonly type: 'events'; readonly events: readonly StampedEvent[] };

export const initialPageState: PageState = {
  connection: 'connecting',
  snapshot: null,
  receivedAt: null,
  events: [],
  usage: noUsage,
};

/** The state after one piece of news. Parts that did not change keep their identity. */
export function reducePageState(state: PageState, news: PageNews): PageState {
  switch (news.type) {
    case 'connection':
      return { ...state, connection: news.connection };
    case 'snapshot':
      return {
        ...state,
        snapshot: shareUnchanged(state.snapshot, withPoolAddresses(news.snapshot)),
        receivedAt: news.at,
        events: mergeEvents(state.events, news.snapshot.recentEvents),
        usage: recordUsage(state.usage, news.snapshot, news.at),
      };
    case 'events': {
      const events = mergeEvents(state.events, news.events);
      return events === state.events ? state : { ...state, events };
    }
    default:
      return assertNever(news);
  }
}
