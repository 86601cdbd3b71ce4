/** What a pool may grow to, and what it lets go. All of it may change while the pool runs. */
import type { RecycleBounds } from './recycler.ts';

export interface PoolBounds {
  /** With 0 the first request starts an instance, and it is stopped when it is not needed any more. */
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly maxSessionsPerInstance: number;
  /** Over all instances; 0 for no bound. */
  readonly maxSessions: number;
  /** Whether sessions outlive their instance. */
  readonly failover: boolean;
  /** An instance too many is stopped after so long; 0 never. */
  readonly scaleDownAfterMs: number;
  /** Calls and tasks under way on an instance that is being emptied may take so long; then it is stopped all the same. */
  readonly drainTimeoutMs: number;
  /** A session without traffic for so long is ended; 0 never. */
  readonly sessionIdleMs: number;
  /** The longest that a request waits for the instance that it made start. */
  readonly startWaitMs: number;
  readonly recycling: RecycleBounds;
}
