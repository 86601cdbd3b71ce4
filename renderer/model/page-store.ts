/**
 * Joins the bridge to React. News are taken in at once, into a bounded state, and shown at most once
 * a frame: a thousand events a second cost no more drawing than sixty. While the page is hidden nothing is
 * shown at all; the moment it is seen again it shows the newest.
 */
import type { PageBridge } from '../bridge.ts';
import { initialPageState, type PageNews, type PageState, reducePageState } from './page-state.ts';

/** The two functions of `useSyncExternalStore`. */
export interface PageStore {
  /** Listens to the bridge while anyone is subscribed. */
  readonly subscribe: (listener: () => void) => () => void;
  readonly getState: () => PageState;
}

/** What the store needs of the browser. */
export interface FrameHost {
  readonly requestAnimationFrame: (callback: () => void) => number;
  readonly cancelAnimationFrame: (handle: number) => void;
  readonly document: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'>;
}

export function createPageStore(bridge: PageBridge, host: FrameHost): PageStore {
  const listeners = new Set<() => void>();
  let next = initialPageState;
  let shown = initialPageState;
  let frame: number | null = null;
  let disconnect: (() => void) | null = null;

  function show(): void {
    frame = null;
    if (shown === next) return;
    shown = next;
    for (const listener of listeners) listener();
  }

  function take(news: PageNews): void {
    next = reducePageState(next, news);
    plan();
  }

  function plan(): void {
    if (host.document.hidden || shown === next) return;
    frame ??= host.requestAnimationFrame(show);
  }

  function unplan(): void {
    if (frame !== null) host.cancelAnimationFrame(frame);
    frame = null;
  }

  function onVisibility(): void {
    if (host.document.hidden) unplan();
    else plan();
  }

  function connect(): () => void {
    host.document.addEventListener('visibilitychange', onVisibility);
    const stops = [
      bridge.listenConnection((connection) => take({ type: 'connection', connection })),
      bridge.listen('snapshot', (snapshot) => take({ type: 'snapshot', snapshot, at: Date.now() })),
      bridge.listen('events', (events) => take({ type: 'events', events })),
    ];
    return () => {
      for (const stop of stops) stop();
      host.document.removeEventListener('visibilitychange', onVisibility);
      unplan();
    };
  }

  return {
    subscribe: (listener) => {
      listeners.add(listener);
      disconnect ??= connect();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        disconnect?.();
        disconnect = null;
      };
    },
    getState: () => shown,
  };
}
