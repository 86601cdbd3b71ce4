/** Finds the command in the arguments and checks the rest against its declaration. */
import { parseArgs } from 'node:util';
import { didYouMean } from '../main/supervisor/config/nearest.ts';
import { type CommandSpec, Input, type OptionSpec } from './command.ts';
import { commands, globalOptions } from './commands.ts';
import { UsageError } from './exit-codes.ts';

export interface Call {
  /** Null when none was named: only the options of all commands count. */
  readonly command: CommandSpec | null;
  readonly input: Input;
  readonly configOption: string | null;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** Throws a `UsageError` that names what was expected. */
export function parseCall(argv: readonly string[]): Call {
  const { command, rest } = findCommand(argv);
  const options = { ...globalOptions, ...command?.options };
  const { values, positionals } = parse(rest, options);
  const wantsHelp = values['help'] === true;
  const wantsVersion = values['version'] === true;
  if (!wantsHelp && !wantsVersion) check(command, options, values, positionals);
  const config = values['config'];
  if (typeof config === 'string' && config.trim() === '') {
    throw new UsageError('--config expects the name of a file.');
  }
  return {
    command,
    input: new Input(positionals, values),
    configOption: typeof config === 'string' ? config : null,
    json: values['json'] === true,
    help: wantsHelp,
    version: wantsVersion,
  };
}

/** The command's words may stand behind options of all commands: `--json status`. */
function findCommand(argv: readonly string[]): {
  readonly command: CommandSpec | null;
  readonly rest: readonly string[];
} {
  let start = 0;
  while (argv[start]?.startsWith('-')) {
    const takesValue = argv[start] === '--config';
    start += takesValue ? 2 : 1;
  }
  const words = argv.slice(start);
  const command = commands
    .filter(({ name }) => name.split(' ').every((word, index) => words[index] === word))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  if (command === undefined) {
    const [first] = words;
    if (first === undefined) return { command: null, rest: argv };
    throw new UsageError(unknownCommand(words, argv));
  }
  const length = command.name.split(' ').length;
  return { command, rest: [...argv.slice(0, start), ...words.slice(length)] };
}

function unknownCommand(words: readonly string[], argv: readonly string[]): string {
  const [first = '', second] = words;
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length === 0) {
    const names = commands.map(({ name }) => name.split(' ')[0] ?? name);
    return `There is no command "${first}"${didYouMean(first, names)}.`;
  }
  const names = group.map(({ name }) => name.slice(first.length + 1));
  if (second === undefined || second.startsWith('-')) {
    const isHelp = argv.includes('--help') || argv.includes('-h');
    return isHelp
      ? `Name one of its commands: ${group.map(({ name }) => `${name} --help`).join(', ')}.`
      : `"${first}" needs one of these: ${names.join(', ')}.`;
  }
  return `There is no command "${first} ${second}"${didYouMean(second, names)}.`;
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function parse(
  args: readonly string[],
  options: Readonly<Record<string, OptionSpec>>,
): { readonly values: Values; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { value, short }]) => [
          name,
          {
            type: value === null ? ('boolean' as const) : ('string' as const),
            ...(short !== undefined && { short }),
          },
        ]),
      ),
    });
    return { values: values as Values, positionals };
  } catch (error) {
    throw new UsageError(complaint(error, Object.keys(options)));
  }
}

/** Node's own words, without the advice about "--" that fits no option of ours. */
function complaint(error: unknown, names: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown option '--([^']*)'/.exec(message)?.[1];
  if (unknown !== undefined) return `There is no option --${unknown}${didYouMean(unknown, names)}.`;
  const [first = message] = message.split(/\. (?=[A-Z])|\n/);
  return first.endsWith('.') ? first : `${first}.`;
}

function check(
  command: CommandSpec | null,
  options: Readonly<Record<string, OptionSpec>>,
  values: Values,
  positionals: readonly string[],
): void {
  if (command === null) return;
  const specs = command.arguments ?? [];
  const extra = positionals[specs.length];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many.`);
  for (const [index, { name, required, choices }] of specs.entries()) {
    const value = positionals[index];
    if (value === undefined) {
      if (required) throw new UsageError(`${name} is missing.`);
    } else {
      checkChoice(name, value, choices);
    }
  }
  for (const [name, { choices }] of Object.entries(options)) {
    const value = values[name];
    if (typeof value === 'string') checkChoice(`--${name}`, value, choices);
  }
}

function checkChoice(name: string, value: string, choices: readonly string[] | undefined): void {
  if (choices === undefined || choices.includes(value)) return;
  throw new UsageError(`${name} expects ${choices.join(', ')}, not "${value}".`);
}
