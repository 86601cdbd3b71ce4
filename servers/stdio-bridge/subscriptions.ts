/**
 * Who wants to hear of which resource, where many sessions share a server: it is asked once for each URI,
 * by the first, and let go by the last.
 */
export class Subscriptions<Member> {
  readonly #members = new Map<string, Set<Member>>();

  /** Every URI that somebody wants. */
  get uris(): readonly string[] {
    return [...this.#members.keys()];
  }

  isWanted(uri: string): boolean {
    return this.#members.has(uri);
  }

  add(uri: string, member: Member): void {
    const members = this.#members.get(uri) ?? new Set();
    this.#members.set(uri, members.add(member));
  }

  /** True when the member was the last one who wanted it. */
  remove(uri: string, member: Member): boolean {
    const members = this.#members.get(uri);
    if (members === undefined || !members.delete(member) || members.size > 0) return false;
    this.#members.delete(uri);
    return true;
  }

  /** The URIs that nobody wants any more now that the member has gone. */
  removeAll(member: Member): readonly string[] {
    return this.uris.filter((uri) => this.remove(uri, member));
  }

  /** Who is told that `uri` changed; it may lie below what was asked for (MCP 2025-11-25, resources). */
  wantedBy(uri: string): ReadonlySet<Member> {
    const found = [...this.#members].filter(([wanted]) => covers(wanted, uri));
    return new Set(found.flatMap(([, members]) => [...members]));
  }
}

function covers(wanted: string, uri: string): boolean {
  if (wanted === uri) return true;
  if (!uri.startsWith(wanted)) return false;
  return wanted.endsWith('/') || /[/?#]/.test(uri.charAt(wanted.length));
}
