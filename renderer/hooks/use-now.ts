import { createContext, use, useSyncExternalStore } from 'react';
import { createTicker, type Ticker } from '../model/ticker.ts';

/** `calm` for relative times, `quick` for a countdown that somebody waits for. */
export type Pace = 'calm' | 'quick';

/** The tickers that all components share; each runs only while something on the page needs it. */
const TickerContext = createContext<Readonly<Record<Pace, Ticker>>>({
  calm: createTicker(10_000, document),
  quick: createTicker(1_000, document),
});

/** The present moment in milliseconds since 1970, kept fresh every 10 s (`calm`) or 1 s (`quick`). */
export function useNow(pace: Pace): number {
  const ticker = use(TickerContext)[pace];
  return useSyncExternalStore(ticker.subscribe, ticker.getNow);
}
