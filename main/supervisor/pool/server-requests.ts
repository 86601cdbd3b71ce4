/**
 * What a server has asked a client (sampling, elicitation, roots) and was not told yet. With the instance
 * that asked goes the one who waits for the answer; an answer that comes all the same is nobody's.
 */

export type RpcId = string | number;

/** Requests remembered of one session, of each kind; one that is older is taken for answered. */
const maxRemembered = 100;

export class ServerRequests {
  readonly #open = new Set<RpcId>();
  readonly #abandoned = new Set<RpcId>();

  /** The instance where the session is at home asked this. */
  asked(id: RpcId): void {
    // Servers count from 0: a new instance uses the ids of the old one again.
    this.#abandoned.delete(id);
    add(this.#open, id);
  }

  /** The client answers; false when nobody waits for that any more. */
  answered(id: RpcId): boolean {
    this.#open.delete(id);
    return !this.#abandoned.delete(id);
  }

  /** The instance that asked is gone. */
  abandon(): void {
    for (const id of this.#open) add(this.#abandoned, id);
    this.#open.clear();
  }

  isAbandoned(id: RpcId): boolean {
    return this.#abandoned.has(id);
  }
}

function add(ids: Set<RpcId>, id: RpcId): void {
  ids.add(id);
  const [oldest] = ids;
  if (ids.size > maxRemembered && oldest !== undefined) ids.delete(oldest);
}
