/** How long to wait before the next restart: the `[reconnect]` section, in one pure function. */

export interface BackOffPolicy {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly multiplier: number;
  /** Up to this share of the delay is added at random, so that services do not restart in step. */
  readonly jitterRatio: number;
  /** Give up after so many failed tries in a row; 0 never gives up. */
  readonly maxAttempts: number;
  /** From this failure on, wait at least `cooldownMs`; 0 switches that off. */
  readonly cooldownAfterAttempts: number;
  readonly cooldownMs: number;
}

/**
 * The delay in ms before restart number `attempt` (from 1, counted since the service was last healthy
 * for a minute). The first restart comes at once; then the delay grows to `maxDelayMs`.
 * `random` is in [0, 1).
 */
export function backOffDelay(policy: BackOffPolicy, attempt: number, random: number): number {
  const cooldown =
    policy.cooldownAfterAttempts > 0 && attempt >= policy.cooldownAfterAttempts
      ? policy.cooldownMs
      : 0;
  if (attempt <= 1) return cooldown;
  const base = policy.initialDelayMs * policy.multiplier ** (attempt - 2);
  const jittered = base + base * policy.jitterRatio * random;
  return Math.max(Math.min(Math.round(jittered), policy.maxDelayMs), cooldown);
}
