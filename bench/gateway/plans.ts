/** What is measured: sessions, each with one call in flight, again and again. */
export interface Plan {
  /** As the tables have it; `json` is what the goals are about. */
  readonly name: string;
  readonly sessions: number;
  readonly era: 'legacy' | 'modern';
  /** A GET stream of each session is open meanwhile. */
  readonly hasStreams: boolean;
  /** The answers are JSON, or streams of one event. */
  readonly tool: 'echo' | 'echo_sse';
}

export const plans: readonly Plan[] = [
  { name: '16, JSON', sessions: 16, era: 'legacy', hasStreams: false, tool: 'echo' },
  { name: '16, SSE', sessions: 16, era: 'legacy', hasStreams: false, tool: 'echo_sse' },
  { name: '64 and streams, JSON', sessions: 64, era: 'legacy', hasStreams: true, tool: 'echo' },
  { name: '16 stateless, JSON', sessions: 16, era: 'modern', hasStreams: false, tool: 'echo' },
];

/** How long each measurement takes, in ms, after warming up for a third of it. */
export const measureMs = { full: 2_000, quick: 800 } as const;

/** What everybody is warmed up by: the two eras go ways of their own through a gateway. */
export const warmUpPlans = plans.filter(({ tool, hasStreams }) => tool === 'echo' && !hasStreams);

/** How long everybody is under the load of each before anything is measured, in ms: a just-in-time compiler settles by then. */
export const warmUpMs = { full: 6_000, quick: 2_000 } as const;
