import { useMemo, useSyncExternalStore } from 'react';
import type { PageBridge } from '../bridge.ts';
import type { PageState } from '../model/page-state.ts';
import { createPageStore } from '../model/page-store.ts';

/** What the page shows now; connects to the bridge while the component is mounted. */
export function usePageState(bridge: PageBridge): PageState {
  const store = useMemo(
    () =>
      createPageStore(bridge, {
        requestAnimationFrame: (callback) => requestAnimationFrame(callback),
        cancelAnimationFrame: (handle) => cancelAnimationFrame(handle),
      }),
    [bridge],
  );
  return useSyncExternalStore(store.subscribe, store.getState);
}
