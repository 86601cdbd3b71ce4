import { type CommonOptions, readCommandLine } from '../kit/options.ts';

export interface Options extends CommonOptions {
  /** Fetch pm2 into a temporary folder when it is not there. */
  readonly withPm2: boolean;
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
  const line = readCommandLine(args, 3, { 'with-pm2': { type: 'boolean', default: false } });
  return line && { ...line, withPm2: line.own['with-pm2'] === true };
}
