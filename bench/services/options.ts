import { parseArgs } from 'node:util';

export interface Options {
  /** Each of them measures everything once. */
  readonly rounds: number;
  readonly quick: boolean;
  /** Fetch pm2 into a temporary folder when it is not there. */
  readonly withPm2: boolean;
  /** Where the numbers go as JSON, besides the tables; null for nowhere. */
  readonly jsonFile: string | null;
}

export const usage = `Measures the supervision of processes beside pm2, both on this machine and in one run.

  node bench/services.ts [--rounds N] [--quick] [--with-pm2] [--json FILE]

  --rounds N    how often everything is measured; medians are shown (3; with --quick 1)
  --quick       fewer crashes and a shorter look at the idle time
  --with-pm2    installs pm2 from the npm registry into a temporary folder, when it is not there
  --json FILE   writes the numbers of every round there too

Needs Linux and a build (npm run build). pm2 takes part where PM2_BIN names its command, or where it is in PATH.`;

/** Reads the command line; null when help is asked for. Throws a sentence for people. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'with-pm2': { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be 1 or more.');
  return {
    rounds,
    quick: values.quick,
    withPm2: values['with-pm2'],
    jsonFile: values.json ?? null,
  };
}
