import { parseArgs } from 'node:util';

export interface Options {
  /** Each of them measures everything once. */
  readonly rounds: number;
  readonly quick: boolean;
  /** Where the numbers go as JSON, besides the table; null for nowhere. */
  readonly jsonFile: string | null;
}

export const usage = `Measures round trips of control requests: our program beside a bare server, in one run.

  node bench/control.ts [--rounds N] [--quick] [--json FILE]

  --rounds N    how often everything is measured; medians are shown (3; with --quick 1)
  --quick       a second for each case instead of four
  --json FILE   writes the numbers of every round there too

Needs a build (npm run build).`;

/** Reads the command line; null when help is asked for. Throws a sentence for people. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be 1 or more.');
  return { rounds, quick: values.quick, jsonFile: values.json ?? null };
}
