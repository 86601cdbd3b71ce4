/**
 * The one server that all sessions share, across its restarts: started when somebody needs it, again after
 * it ended, with a pause that grows while it keeps ending. What was said to open it is said again each
 * time, so the sessions live on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { HostState } from './legacy-host.ts';
import type { Link } from './link.ts';

/** The first start is at once, and so is one after a good while. */
const pausesMs = [0, 250, 500, 1_000, 2_000, 5_000];

/** A server that ran so long has started well, in ms. */
const goodRunMs = 60_000;

/** How long a start may take, in ms: `npx` may have to download first. */
const startDeadlineMs = 120_000;

export interface SharedLineOptions {
  readonly start: () => Link;
  /** Brings a new server to where the last one was; false when it refuses. */
  readonly greet: (link: Link) => Promise<boolean>;
}

export class SharedLine {
  readonly #options: SharedLineOptions;
  #link: Link | null = null;
  #startedAtMs = 0;
  #failures = 0;
  #starting: Promise<Link> | null = null;
  readonly #stopped = new AbortController();

  constructor(options: SharedLineOptions) {
    this.#options = options;
  }

  /** The server that runs now and was greeted; null when there is none. */
  get link(): Link | null {
    return this.#starting === null && this.#link?.isUp ? this.#link : null;
  }

  /** `dropped` is what was dropped before it came as far as a server. */
  state(dropped: number): HostState {
    const { link } = this;
    // Also of the one that is being greeted.
    const pid = this.#link?.isUp ? this.#link.pid : undefined;
    return {
      calls: link?.calls.length ?? 0,
      dropped: dropped + (link?.dropped ?? 0),
      processes: pid === undefined ? [] : [pid],
    };
  }

  /** A running server, started if need be by the first who asks; rejects with a sentence. */
  ready(): Promise<Link> {
    if (this.link) return Promise.resolve(this.link);
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  /** Ends the server; the next who needs it starts another one. */
  async rest(reason: string): Promise<void> {
    await this.#link?.stop(reason);
  }

  /** Ends it for good. */
  async stop(reason: string): Promise<void> {
    this.#stopped.abort();
    await this.rest(reason);
  }

  async #start(): Promise<Link> {
    if (this.#link) await this.#pause(this.#link);
    this.#stopped.signal.throwIfAborted();
    const link = this.#options.start();
    this.#link = link;
    this.#startedAtMs = performance.now();
    const overdue = setTimeout(() => {
      void link.stop(`it did not answer within ${startDeadlineMs / 1000} s of its start`);
    }, startDeadlineMs);
    const isGreeted = await this.#options.greet(link);
    clearTimeout(overdue);
    if (!link.isUp) throw new Error(link.endReason ?? 'it ended');
    if (isGreeted) return link;
    await link.stop('it refused to be initialized');
    throw new Error('it refused to be initialized');
  }

  async #pause(ended: Link): Promise<void> {
    const ranWell = performance.now() - this.#startedAtMs > goodRunMs;
    this.#failures = ranWell ? 0 : this.#failures + 1;
    // It may be on its way out still: two must not run at once.
    await ended.stop('it is replaced');
    const ms = pausesMs[Math.min(this.#failures, pausesMs.length) - 1] ?? 0;
    await delay(ms, undefined, { signal: this.#stopped.signal });
  }
}
