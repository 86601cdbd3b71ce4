import { type CommonOptions, readCommandLine } from '../kit/options.ts';

export const usage = `Measures round trips of control requests: our program beside a bare server, in one run.

  node bench/control.ts [--rounds N] [--quick] [--json FILE]

  --rounds N    how often everything is measured; medians are shown (3; with --quick 1)
  --quick       a second for each case instead of four
  --json FILE   writes the numbers of every round there too

Needs a build (npm run build).`;

/** Reads the command line; null when help is asked for. Throws a sentence for people. */
export function readOptions(args: readonly string[]): CommonOptions | null {
  return readCommandLine(args, 3);
}
