/** What the process with the load is told, and what it tells. */

export interface LoadPlan {
  readonly gatewayPort: number;
  readonly controlSocket: string;
  /** A folder that the clients' workspace is registered for. */
  readonly folder: string;
  readonly clients: number;
  readonly subscribers: number;
  readonly eventsPerSecond: number;
  /** Of each client. */
  readonly callsPerSecond: number;
}

export interface LoadResult {
  readonly calls: number;
  /** What calls that may be repeated were answered with instead of a result, as sentences. */
  readonly failures: readonly string[];
  readonly published: number;
  /** Over all subscribers. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Subscribers whose stream ended before the run did. */
  readonly ended: number;
  /** What went wrong with the load itself: then the numbers are worth nothing. */
  readonly troubles: readonly string[];
}

export type FromLoad =
  | { readonly kind: 'running' }
  | { readonly kind: 'result'; readonly result: LoadResult };
