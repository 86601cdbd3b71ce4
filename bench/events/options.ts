import { parseArgs } from 'node:util';

/** Every contestant that there may be, in the order of the tables. */
export const contestantNames = [
  'ours',
  'ours-memory',
  'better-sse',
  'express',
  'nchan',
  'tokio',
] as const;

export type ContestantName = (typeof contestantNames)[number];

export interface Options {
  /** Each of them measures everything once. */
  readonly rounds: number;
  readonly quick: boolean;
  /** Where the numbers go as JSON, besides the tables; null for nowhere. */
  readonly jsonFile: string | null;
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
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be 1 or more.');
  const only = values.only?.split(',').map(readName) ?? contestantNames;
  return { rounds, quick: values.quick, jsonFile: values.json ?? null, only };
}

function readName(name: string): ContestantName {
  const known = contestantNames.find((each) => each === name);
  if (known) return known;
  throw new Error(`There is no contestant "${name}". Known: ${contestantNames.join(', ')}.`);
}
