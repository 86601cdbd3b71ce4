/**
 * What a tokio server did on another day and machine, for a run without one. Deliveries per CPU second
 * of the server, published in process; 2 cores, Debian 12, Node 24.21, 2026-11-22, medians of 5 rounds:
 * tokio::sync::broadcast with hyper (the stack of the system that this one replaces), and better-sse
 * measured beside it, which is what the two runs have in common.
 */
export interface Reference {
  readonly tokio: number;
  readonly betterSse: number;
}

export const references: Readonly<Record<string, Reference>> = {
  '1 x 1': { tokio: 26.2e3, betterSse: 14.5e3 },
  '5 x 1': { tokio: 84.7e3, betterSse: 47.9e3 },
  '100 x 1': { tokio: 177e3, betterSse: 81.7e3 },
  '1000 x 1': { tokio: 100e3, betterSse: 51.2e3 },
  '5 x 16': { tokio: 883e3, betterSse: 216e3 },
  '100 x 16': { tokio: 1.42e6, betterSse: 188e3 },
  '1000 x 16': { tokio: 690e3, betterSse: 124e3 },
  '5 x 256': { tokio: 1.16e6, betterSse: 269e3 },
  '100 x 256': { tokio: 1.37e6, betterSse: 247e3 },
  '1000 x 256': { tokio: 1.14e6, betterSse: 147e3 },
};

/** p50 in ms at 1000/s to 5 subscribers. */
export const referenceP50Ms: Reference = { tokio: 0.064, betterSse: 0.099 };
