/**
 * Back-pressure from clients to a server: while a client does not take what it is sent, the server's
 * output is not read, so nothing piles up here. Who takes nothing for too long loses its stream (see
 * sse-stream.ts), so that one client cannot hold up a server that others share.
 */
interface Source {
  pause(): unknown;
  resume(): unknown;
}

export class Flow {
  readonly #holders = new Set<object>();
  #source: Source | null = null;

  /** From now on this is what waits; a restarted server is a new source. */
  attach(source: Source): void {
    this.#source = source;
    if (this.#holders.size > 0) source.pause();
  }

  hold(holder: object): void {
    this.#holders.add(holder);
    if (this.#holders.size === 1) this.#source?.pause();
  }

  release(holder: object): void {
    if (this.#holders.delete(holder) && this.#holders.size === 0) this.#source?.resume();
  }
}
