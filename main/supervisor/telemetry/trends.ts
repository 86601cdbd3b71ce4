/**
 * How the last hour went, for the charts of the page: kept here and not by the page, so that whoever opens
 * it sees what was before. It is bounded: 360 samples of seven numbers are about 40 kB. A sample every ten
 * seconds reads what is counted anyway, in well under a millisecond: less than a ten-thousandth of one
 * processor, so it needs no switch.
 */
import type { TrendSample, TrendsReply } from '../../../shared/control-replies.ts';
import type { Failover } from '../../../shared/status.ts';

/** How often a sample is taken, in ms. */
const everyMs = 10_000;
/** An hour of them. */
const maxSamples = 360;

/** What is read at a moment; totals only grow, save when what they count goes away. */
export interface TrendReading {
  /** Events since the start. */
  readonly events: number;
  /** Sessions that are open. */
  readonly sessions: number;
  /** Restarts of all services since the start. */
  readonly restarts: number;
}

/** Calls through the gateway, and the latencies since they were last taken. */
export interface CallFigures {
  /** Calls since the start. */
  readonly calls: number;
  /** Newest first, bounded. */
  readonly failovers: readonly Failover[];
  /** The middle and the slow end of the latencies since the last time it was asked, in ms. */
  takeLatency(): { readonly p50Ms: number | null; readonly p99Ms: number | null };
}

/** What of the world the samples depend on. */
export interface TrendClock {
  /** Monotonic ms. */
  readonly monotonicMs: () => number;
  /** Unix ms. */
  readonly now: () => number;
}

export class Trends {
  readonly #read: () => TrendReading;
  readonly #figures: CallFigures;
  readonly #clock: TrendClock;
  readonly #samples: TrendSample[] = [];
  #last: (TrendReading & { readonly calls: number; readonly ms: number }) | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    read: () => TrendReading,
    figures: CallFigures,
    clock: TrendClock = { monotonicMs: () => performance.now(), now: () => Date.now() },
  ) {
    this.#read = read;
    this.#figures = figures;
    this.#clock = clock;
  }

  /** Samples from now on, until `close()`. */
  start(): void {
    this.#last = this.#reading();
    this.#timer ??= setInterval(() => this.sample(), everyMs).unref();
  }

  /** Takes a sample of the time since the one before. */
  sample(): void {
    const before = this.#last;
    const after = this.#reading();
    this.#last = after;
    const { p50Ms, p99Ms } = this.#figures.takeLatency();
    if (before === null) return;
    const seconds = (after.ms - before.ms) / 1_000;
    if (seconds <= 0) return;
    // A machine that slept made no ten-second sample: what happened is spread over the time it took.
    const perSecond = (total: number) => Math.round((Math.max(0, total) / seconds) * 100) / 100;
    this.#samples.push({
      at: this.#clock.now(),
      events_per_second: perSecond(after.events - before.events),
      sessions: after.sessions,
      calls_per_second: perSecond(after.calls - before.calls),
      latency_p50_ms: p50Ms,
      latency_p99_ms: p99Ms,
      // A service that was taken out of the configuration takes its restarts with it.
      restarts: Math.max(0, after.restarts - before.restarts),
    });
    if (this.#samples.length > maxSamples) this.#samples.shift();
  }

  /** Oldest sample first. */
  report(): TrendsReply {
    return {
      every_ms: everyMs,
      samples: [...this.#samples],
      failovers: [...this.#figures.failovers],
    };
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  #reading() {
    return { ...this.#read(), calls: this.#figures.calls, ms: this.#clock.monotonicMs() };
  }
}
