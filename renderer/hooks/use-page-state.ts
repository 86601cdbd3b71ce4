import { createContext, use, useMemo, useSyncExternalStore } from 'react';
import type { StampedEvent } from '../../shared/events.ts';
import type { PageBridge } from '../bridge.ts';
import type { PageState } from '../model/page-state.ts';
import { createPageStore, type PageStore } from '../model/page-store.ts';

/** Where components find the news that come too often to be handed down through the page. */
export const PageStoreContext = createContext<PageStore | null>(null);

/** The news of a bridge; it is connected while a component shows a part of them. */
export function usePageStore(bridge: PageBridge): PageStore {
  return useMemo(
    () =>
      createPageStore(bridge, {
        requestAnimationFrame: (callback) => requestAnimationFrame(callback),
        cancelAnimationFrame: (handle) => cancelAnimationFrame(handle),
        document,
      }),
    [bridge],
  );
}

/** One part of the state; a change of the others draws nothing. */
export function usePart<Name extends keyof PageState>(
  store: PageStore,
  name: Name,
): PageState[Name] {
  return useSyncExternalStore(store.subscribe, () => store.getState()[name]);
}

/** The newest events, newest first, bounded. Only inside `App`. */
export function useEvents(): readonly StampedEvent[] {
  const store = use(PageStoreContext);
  if (store === null) throw new Error('useEvents() needs a PageStoreContext around it');
  return usePart(store, 'events');
}
