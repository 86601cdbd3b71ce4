/**
 * Whether a token is the one that opens a door. The right one always passes; wrong ones are counted
 * (http/wrong-tries.ts).
 */
import { CodedError } from '../../../shared/errors.ts';
import { WrongTries } from '../http/wrong-tries.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isSameSecret } from './token.ts';

export interface TokenCheckOptions {
  readonly token: string;
  readonly logger: Logger;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

export class TokenCheck {
  readonly #options: TokenCheckOptions;
  readonly #wrong: WrongTries;

  constructor(options: TokenCheckOptions) {
    this.#options = options;
    this.#wrong = new WrongTries({ ...options, what: 'a token for control', check: 'the token' });
  }

  isRight(given: string): boolean {
    return isSameSecret(given, this.#options.token);
  }

  /** Counts a wrong token; throws `too_many_tries` beyond the limit. */
  refuse(peer: string): void {
    this.#wrong.count(peer);
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
