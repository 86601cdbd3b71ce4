import { type CommonOptions, readCommandLine, readNames } from '../kit/options.ts';

/** Everybody that there may be, in the order of the tables. */
const contestantNames = ['direct', 'ours', 'haproxy', 'nginx', 'middleware'] as const;

export type ContestantName = (typeof contestantNames)[number];

export interface Options extends CommonOptions {
  /** `direct` always takes part: the others are compared with it. */
  readonly only: readonly ContestantName[];
}

export const usage = `Measures the MCP gateway against other proxies, all on this machine and in one run.

  node bench/gateway.ts [--rounds N] [--quick] [--only ours,nginx] [--json FILE]

  --rounds N    how often everything is measured (9; with --quick 1)
  --quick       shorter measurements, within a minute
  --only NAMES  some of: ${contestantNames.join(', ')}
  --json FILE   writes the numbers of every round there too

Needs Linux, cc, and the program built (npm run build). HAProxy and nginx take part where they are installed.`;

/** Reads the command line; null when help is asked for. Throws a sentence for people. */
export function readOptions(args: readonly string[]): Options | null {
  const line = readCommandLine(args, 9, { only: { type: 'string' } });
  if (line === null) return null;
  const chosen = readNames(line.own['only'], contestantNames);
  return {
    ...line,
    only: contestantNames.filter((each) => each === 'direct' || chosen.includes(each)),
  };
}
