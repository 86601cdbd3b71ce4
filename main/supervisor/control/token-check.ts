/**
 * Whether a token is the one that opens a door. The right one always passes; wrong ones are counted
 * (http/wrong-tries.ts).
 */
import type { RequestType } from '../../../shared/control-protocol.ts';
import { CodedError } from '../../../shared/errors.ts';
import { WrongTries } from '../http/wrong-tries.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isSameSecret } from './token.ts';

/** Judges the requests of one connection, which comes from `peer`: throws for one that needs the token. */
export type Admission = (peer: string) => (request: unknown) => void;

/**
 * What TCP never does without the token. Every user of the machine reaches that port; who reads the file
 * has its tokens, and who writes it runs programs as this user. Old clients know none of these verbs.
 */
const alwaysGuarded: ReadonlySet<unknown> = new Set<RequestType>([
  'GetConfig',
  'SaveConfig',
  'ConfigVersion',
]);

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

  /** Everything needs `Authenticate` with the token first, or only what always does. */
  admission(needed: 'for everything' | 'for the file'): Admission {
    const needsToken = (type: unknown) => needed === 'for everything' || alwaysGuarded.has(type);
    return (peer) => this.#judge(peer, needsToken);
  }

  #judge(peer: string, needsToken: (type: unknown) => boolean): (request: unknown) => void {
    let isIn = false;
    return (request) => {
      if (isIn) return;
      const { type, token } = (request ?? {}) as {
        readonly type?: unknown;
        readonly token?: unknown;
      };
      if (type !== 'Authenticate' && !needsToken(type)) return;
      if (type === 'Authenticate' && typeof token === 'string') {
        if (this.isRight(token)) {
          isIn = true;
          return;
        }
        this.refuse(peer);
      }
      const what =
        type === 'Authenticate'
          ? 'The token is not valid.'
          : 'Over this door, this request needs the token.';
      throw new CodedError(
        'unauthorized',
        `${what} Send {"type":"Authenticate","token":"…"} first, with the api_key or the token in the data folder.`,
      );
    };
  }
}
