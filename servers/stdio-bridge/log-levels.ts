/**
 * How much log each session wants of a server that they share: the server is set to the most that anyone
 * wants, and each gets what it asked for.
 */
const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export class LogLevels<Member extends object> {
  readonly #wanted = new Map<Member, number>();
  #current: number | null = null;

  /** The level that the server is to have; null before anybody asked for one. */
  get current(): string | null {
    return this.#current === null ? null : (levels[this.#current] ?? null);
  }

  /** Notes what a session wants; true when the server has to be told. Unknown levels are the server's. */
  want(level: unknown, member: Member): boolean {
    const rank = levels.indexOf(String(level));
    if (rank === -1) return true;
    this.#wanted.set(member, rank);
    if (this.#current !== null && this.#current <= rank) return false;
    this.#current = rank;
    return true;
  }

  forget(member: Member): void {
    this.#wanted.delete(member);
  }

  /** Without a wish of its own a session gets what the server sends. */
  isFor(level: unknown, member: Member): boolean {
    const wanted = this.#wanted.get(member);
    const rank = levels.indexOf(String(level));
    return wanted === undefined || rank === -1 || rank >= wanted;
  }
}
