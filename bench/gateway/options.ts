import { parseArgs } from 'node:util';

/** Everybody that there may be, in the order of the tables. */
export const contestantNames = ['direct', 'ours', 'haproxy', 'nginx', 'middleware'] as const;

export type ContestantName = (typeof contestantNames)[number];

export interface Options {
  /** Each of them measures everything once. */
  readonly rounds: number;
  readonly quick: boolean;
  /** Where the numbers go as JSON, besides the tables; null for nowhere. */
  readonly jsonFile: string | null;
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
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 9));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be 1 or more.');
  const chosen = values.only?.split(',').map(readName) ?? contestantNames;
  const only = contestantNames.filter((each) => each === 'direct' || chosen.includes(each));
  return { rounds, quick: values.quick, jsonFile: values.json ?? null, only };
}

function readName(name: string): ContestantName {
  const known = contestantNames.find((each) => each === name);
  if (known) return known;
  throw new Error(`There is no contestant "${name}". Known: ${contestantNames.join(', ')}.`);
}
