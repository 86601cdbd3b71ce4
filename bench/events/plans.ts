/**
 * What is measured. A plan is one sitting of one contestant: a fresh process, its subscribers, and the
 * cases that they allow one after the other.
 */

/** Subscribers that all read. */
export interface FanOutPlan {
  readonly kind: 'fan-out';
  readonly subscribers: number;
  /** Events published at once, again as soon as everyone has them. */
  readonly bursts: readonly number[];
  readonly burstMs: number;
  readonly rate: Rate | null;
  /** Measures what an idle subscriber costs in memory. */
  readonly isIdleMeasured: boolean;
}

/** Events at a fixed pace, whatever becomes of them. */
export interface Rate {
  readonly perSecond: number;
  /** Events published at once. */
  readonly burst: number;
  readonly bytes: number;
  readonly ms: number;
}

/** Readers, and others beside them that have stopped to read. */
export interface StalledPlan {
  readonly kind: 'stalled';
  readonly readers: number;
  /** May be 0: what the others are compared with. */
  readonly stalled: number;
  readonly rate: Rate;
}

/** Events that come in by HTTP. */
export interface PostPlan {
  readonly kind: 'post';
  readonly subscribers: number;
  readonly burst: number;
  readonly ms: number;
}

export type Plan = FanOutPlan | StalledPlan | PostPlan;

export const eventBytes = 250;

/**
 * The kernel takes more than 4 MB for a reader that has stopped before the server sees anything of it,
 * so these events are large: 4 MB/s for each subscriber.
 */
export const stalledEventBytes = 4_000;

const burstSizes = [256, 16, 1] as const;

const usual = {
  few: { perSecond: 1_000, burst: 1, bytes: eventBytes },
  some: { perSecond: 500, burst: 1, bytes: eventBytes },
  many: { perSecond: 50, burst: 1, bytes: eventBytes },
} as const;

export const fullPlans: readonly Plan[] = [
  fanOut(1, burstSizes, 500, null),
  fanOut(5, burstSizes, 500, { ...usual.few, ms: 1_500 }),
  fanOut(100, burstSizes, 500, { ...usual.some, ms: 1_500 }),
  fanOut(1_000, burstSizes, 500, { ...usual.many, ms: 1_500 }),
  stalled(0, 3_000),
  stalled(1, 3_000),
  stalled(20, 3_000),
  { kind: 'post', subscribers: 100, burst: 16, ms: 600 },
];

export const quickPlans: readonly Plan[] = [
  fanOut(5, [1], 200, { ...usual.few, ms: 500 }),
  fanOut(100, [256, 1], 200, null),
  fanOut(1_000, [256], 200, null),
  stalled(0, 1_600),
  stalled(20, 1_600),
  { kind: 'post', subscribers: 100, burst: 16, ms: 200 },
];

function fanOut(
  subscribers: number,
  bursts: readonly number[],
  burstMs: number,
  rate: Rate | null,
): FanOutPlan {
  const isIdleMeasured = subscribers === 1_000;
  return { kind: 'fan-out', subscribers, bursts, burstMs, rate, isIdleMeasured };
}

function stalled(count: number, ms: number): StalledPlan {
  const rate = { perSecond: 1_000, burst: 10, bytes: stalledEventBytes, ms };
  return { kind: 'stalled', readers: 10, stalled: count, rate };
}
