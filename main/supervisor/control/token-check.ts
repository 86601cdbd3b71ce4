/**
 * Whether a token is the one that opens a door. Wrong ones are answered `too_many_tries` after a few, which
 * spares the log and tells a client that hammers; the right one always passes, because on loopback all
 * programs share one address and must not be able to lock each other out. Guessing is hopeless anyway.
 */
import { CodedError } from '../../../shared/errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isSameSecret } from './token.ts';

/** Wrong tokens of one peer within `windowMs` that are answered as such. */
const triesPerWindow = 10;
const windowMs = 60_000;

/** Peers whose tries are counted: a table that can grow is one that somebody fills. */
const maxPeers = 1_000;

interface Tries {
  readonly since: number;
  count: number;
}

export interface TokenCheckOptions {
  readonly token: string;
  readonly logger: Logger;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

export class TokenCheck {
  readonly #options: TokenCheckOptions;
  readonly #tries = new Map<string, Tries>();

  constructor(options: TokenCheckOptions) {
    this.#options = options;
  }

  isRight(given: string): boolean {
    return isSameSecret(given, this.#options.token);
  }

  /** Counts a wrong token; throws `too_many_tries` beyond the limit. */
  refuse(peer: string): void {
    const now = this.#options.now();
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
      this.#options.logger.warn({ peer }, 'a token for control was refused');
      return;
    }
    throw new CodedError(
      'too_many_tries',
      `Wrong tokens came too often. Check the token and try again in ${windowMs / 1_000} seconds.`,
    );
  }

  /** What lets only `Authenticate` with the token through, and after it everything. */
  gate(peer: string): (request: unknown) => void {
    let isIn = false;
    return (request) => {
      if (isIn) return;
      const { type, token } = (request ?? {}) as {
        readonly type?: unknown;
        readonly token?: unknown;
      };
      if (type === 'Authenticate' && typeof token === 'string') {
        if (this.isRight(token)) {
          isIn = true;
          return;
        }
        this.refuse(peer);
      }
      const what =
        type === 'Authenticate' ? 'The token is not valid.' : 'This door asks for a token.';
      throw new CodedError(
        'unauthorized',
        `${what} Send {"type":"Authenticate","token":"…"} first, with the api_key or the token in the data folder.`,
      );
    };
  }
}
