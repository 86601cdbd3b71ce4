/** What people want to know of a session: what it calls, how that ends, where its client works. */

/** Names of tools that are told apart; a server may have any number of them. */
const maxTools = 50;

/** The name under which the further ones are counted. */
const otherTools = 'other';

export class SessionFacts {
  /** Calls that ended with an error, of JSON-RPC or of the tool. */
  errors = 0;
  /** The folders or files that the client told its server it works on; URIs. */
  roots: readonly string[] = [];
  readonly #calls = new Map<string, number>();

  countTool(tool: string): void {
    const isNew = !this.#calls.has(tool);
    const name = isNew && this.#calls.size >= maxTools ? otherTools : tool;
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
  }

  get callsByTool(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#calls);
  }
}
