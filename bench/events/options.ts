import { type CommonOptions, readCommandLine, readNames } from '../kit/options.ts';

/** Every contestant that there may be, in the order of the tables. */
const contestantNames = ['ours', 'ours-memory', 'better-sse', 'express', 'nchan', 'tokio'] as const;

export type ContestantName = (typeof contestantNames)[number];

export interface Options extends CommonOptions {
  readonly only: readonly ContestantName[];
}

export const usage = `Measures the event stream against other servers, all on this machine and in one run.

  node bench/events.ts [--rounds N] [--quick] [--only ours,express] [--json FILE]

  --rounds N    how often everything is measured; medians are shown (3; with --quick 1)
  --quick       shorter and fewer cases, within a minute
  --only NAMES  some of: ${contestantNames.join(', ')}
  --json FILE   writes the numbers of every round there too

Needs Linux. cc makes the load client; nginx with nchan and a tokio server (bench/events/server-tokio, built by cargo, or
another binary in TOKIO_SSE_SERVER) take part where they are there.`;

/** Reads the command line; null when help is asked for. Throws a sentence for people. */
export function readOptions(args: readonly string[]): Options | null {
  const line = readCommandLine(args, 3, { only: { type: 'string' } });
  return line && { ...line, only: readNames(line.own['only'], contestantNames) };
}
