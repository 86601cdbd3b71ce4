/**
 * Who asks, where `[auth] gateway` wants to know. Everything on the port needs a token but what carries
 * a proof of its own (signed events) or tells nothing (health). Tokens end here: whatever the answer, the
 * header is taken out of the request before anything else sees it, so no server gets a key that was
 * not meant for it (MCP 2025-11-25 authorization, token passthrough).
 *
 * There is no token in addresses: they end up in logs and histories. Wrong tokens are answered 429 after
 * a few tries (http/wrong-tries.ts); a right one always passes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CodedError, codeOf } from '../../../shared/errors.ts';
import { tryAgainAfterS, WrongTries } from '../http/wrong-tries.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface ClientToken {
  readonly name: string;
  readonly token: string;
}

export interface AccessOptions {
  /** Opens everything; its bearer is the principal `api_key`. */
  readonly apiKey: string;
  readonly clients: readonly ClientToken[];
  /** Opens `/supervisor/events` and nothing else: what our own dashboard is given. */
  readonly eventsToken: string;
  readonly logger: Logger;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

interface Bearer {
  readonly principal: string;
  readonly digest: Buffer;
  /** The one path that it opens; null for all. */
  readonly path: string | null;
}

const eventsPath = '/supervisor/events';

/** `METHOD path` of what needs no token. */
const free: ReadonlySet<string> = new Set([
  'GET /health',
  'HEAD /health',
  'GET /api/health',
  'HEAD /api/health',
  // Signed: the webhook checks an HMAC and its age.
  'POST /admin/events/hook',
]);

export class Access {
  readonly #bearers: readonly Bearer[];
  readonly #wrong: WrongTries;

  constructor(options: AccessOptions) {
    this.#wrong = new WrongTries({ ...options, what: 'a token', check: "the client's token" });
    const bearer = (principal: string, token: string, path: string | null = null) => ({
      principal,
      digest: digestOf(token),
      path,
    });
    this.#bearers = [
      bearer('api_key', options.apiKey),
      ...options.clients.map(({ name, token }) => bearer(name, token)),
      bearer('dashboard', options.eventsToken, eventsPath),
    ];
  }

  /**
   * The principal of a request to `path`, whose `Authorization` is removed; null for what is free.
   * Throws `unauthorized` or `too_many_tries`.
   */
  check(request: IncomingMessage, path: string): string | null {
    const { authorization } = request.headers;
    removeAuthorization(request);
    if (free.has(`${request.method} ${path.toLowerCase()}`)) return null;
    const given = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1];
    const bearer = given === undefined ? null : this.#find(given);
    if (bearer !== null && (bearer.path === null || bearer.path === path)) return bearer.principal;
    // Without a header nobody guesses: it is a client that does not know yet.
    if (authorization !== undefined) this.#wrong.count(request.socket.remoteAddress ?? 'unknown');
    throw new CodedError(
      'unauthorized',
      `${given === undefined ? 'This gateway asks for a token' : 'The token is not valid here'}. ` +
        'Send the header "Authorization: Bearer <token>", with the api_key or a token of [[auth.clients]] in supervisor.toml.',
    );
  }

  #find(given: string): Bearer | null {
    const digest = digestOf(given);
    let found: Bearer | null = null;
    // All are compared, so that the time tells nothing.
    for (const bearer of this.#bearers) {
      if (timingSafeEqual(bearer.digest, digest)) found ??= bearer;
    }
    return found;
  }
}

/** The headers that go with a refusal (RFC 6750 §3, RFC 6585 §4). */
export function challenge(error: unknown): Readonly<Record<string, string>> {
  const code = codeOf(error);
  if (code === 'unauthorized') {
    return { 'WWW-Authenticate': 'Bearer realm="project-memory-supervisor"' };
  }
  return code === 'too_many_tries' ? { 'Retry-After': String(tryAgainAfterS) } : {};
}

/** Out of the parsed headers and the raw ones: what is passed on is made of either. */
function removeAuthorization({ headers, rawHeaders }: IncomingMessage): void {
  delete headers.authorization;
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (rawHeaders[index]?.toLowerCase() === 'authorization') rawHeaders.splice(index, 2);
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
