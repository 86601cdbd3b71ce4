import { CodedError } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Wrong tokens of one peer within `windowMs` that are answered as such. */
const triesPerWindow = 10;
const windowMs = 60_000;

/** After how long a peer with too many tries may try again, in seconds. */
export const tryAgainAfterS = windowMs / 1_000;

/** Peers whose tries are counted. Loopback has few; a table that can grow is one that somebody fills. */
const maxPeers = 1_000;

interface Tries {
  readonly since: number;
  count: number;
}

export interface WrongTriesOptions {
  /** What is refused, for the log: `a token`. */
  readonly what: string;
  /** What to check, for who is refused: `the token`. */
  readonly check: string;
  readonly logger: Logger;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

/**
 * Counts the wrong tokens of each peer. After a few they are answered `too_many_tries`, which spares the log
 * and tells a client that hammers. A right token is not to be counted: on loopback all programs share one
 * address and must not be able to lock each other out. Guessing is hopeless anyway.
 */
export class WrongTries {
  readonly #options: WrongTriesOptions;
  readonly #tries = new Map<string, Tries>();

  constructor(options: WrongTriesOptions) {
    this.#options = options;
  }

  /** Counts a wrong token; throws `too_many_tries` beyond the limit. */
  count(peer: string): void {
    const { what, check, logger, now: clock } = this.#options;
    const now = clock();
    let tries = this.#tries.get(peer);
    if (tries === undefined || now - tries.since >= windowMs) {
      tries = { since: now, count: 0 };
      // Deleted first, so that the order of the table is that of the windows.
      this.#tries.delete(peer);
      this.#tries.set(peer, tries);
      const oldest = this.#tries.keys().next().value;
      if (this.#tries.size > maxPeers && oldest !== undefined) this.#tries.delete(oldest);
    }
    tries.count += 1;
    if (tries.count <= triesPerWindow) {
      logger.warn({ peer }, `${what} was refused`);
      return;
    }
    throw new CodedError(
      'too_many_tries',
      `Wrong tokens came too often. Check ${check} and try again in ${tryAgainAfterS} seconds.`,
    );
  }
}
