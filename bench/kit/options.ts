/** What the command lines of all benchmarks have in common. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

export interface CommonOptions {
  /** Each of them measures everything once. */
  readonly rounds: number;
  readonly quick: boolean;
  /** Where the numbers go as JSON, besides the tables; null for nowhere. */
  readonly jsonFile: string | null;
}

export interface CommandLine extends CommonOptions {
  /** The options that only this benchmark has, as they were given. */
  readonly own: Readonly<Record<string, unknown>>;
}

const common = {
  rounds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const satisfies ParseArgsOptionsConfig;

/**
 * Reads the command line; null when help is asked for. Throws a sentence for people. Without `--rounds` there
 * are `rounds` of them, with `--quick` one.
 */
export function readCommandLine(
  args: readonly string[],
  rounds: number,
  own: ParseArgsOptionsConfig = {},
): CommandLine | null {
  const { values } = parseArgs({ args: [...args], options: { ...own, ...common } });
  if (values.help === true) return null;
  const quick = values.quick === true;
  const given = Number(values.rounds ?? (quick ? 1 : rounds));
  if (!Number.isInteger(given) || given < 1) throw new Error('--rounds must be 1 or more.');
  const jsonFile = typeof values.json === 'string' ? values.json : null;
  return { rounds: given, quick, jsonFile, own: values };
}

/** Those of `known` that a comma-separated list names, all without one; throws on a name that there is not. */
export function readNames<Name extends string>(
  given: unknown,
  known: readonly Name[],
): readonly Name[] {
  if (typeof given !== 'string') return known;
  return given.split(',').map((name) => {
    const found = known.find((each) => each === name);
    if (found !== undefined) return found;
    throw new Error(`There is no "${name}". Known: ${known.join(', ')}.`);
  });
}
