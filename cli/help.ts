/** The help, made from the declaration of the commands. */
import type { CommandSpec, OptionSpec } from './command.ts';
import { commands, globalOptions } from './commands.ts';
import { exitCodes } from './exit-codes.ts';

export const programName = 'pm-supervisor';

const lineWidth = 100;

/** `pm-supervisor logs NAME [options]`. */
export function usageOf({ name, arguments: args = [] }: CommandSpec): string {
  const words = args.map((each) => (each.required ? each.name : `[${each.name}]`));
  return [programName, name, ...words, '[options]'].join(' ');
}

/** `-n, --lines N`. */
export function optionForm(name: string, { value, short }: OptionSpec): string {
  const long = value === null ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

export function optionSummary({ summary, choices }: OptionSpec): string {
  return choices === undefined ? summary : `${summary}: ${choices.join(', ')}`;
}

/** The help of the whole program. */
export function programHelp(): string {
  return [
    `Usage: ${programName} COMMAND [options]`,
    'Talks to the Project Memory Supervisor of this machine, and starts it.',
    section(
      'Commands',
      commands.map(({ name, summary }) => [name, summary] as const),
    ),
    section('Options', optionRows(globalOptions)),
    section(
      'Exit codes',
      Object.values(exitCodes).map(({ code, meaning }) => [
        String(code),
        meaning.replaceAll('`', ''),
      ]),
    ),
    `"${programName} COMMAND --help" says more about one of them.`,
  ].join('\n\n');
}

/** The help of one command. */
export function commandHelp(command: CommandSpec): string {
  const { arguments: args = [], options = {}, examples = [] } = command;
  const parts = [`Usage: ${usageOf(command)}`, wrap(`${command.summary}.`, 0)];
  if (command.details !== undefined) parts.push(wrap(command.details, 0));
  if (args.length > 0) {
    parts.push(
      section(
        'Arguments',
        args.map(({ name, summary, choices }) => [
          name,
          choices ? `${summary}: ${choices.join(', ')}` : summary,
        ]),
      ),
    );
  }
  parts.push(section('Options', optionRows({ ...options, ...globalOptions })));
  if (examples.length > 0) {
    parts.push(['Examples:', ...examples.map((each) => `  ${programName} ${each}`)].join('\n'));
  }
  return parts.join('\n\n');
}

function optionRows(options: Readonly<Record<string, OptionSpec>>) {
  return Object.entries(options).map(
    ([name, option]) => [optionForm(name, option), optionSummary(option)] as const,
  );
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 4;
  const lines = rows.map(([name, text]) => `  ${name.padEnd(width - 2)}${wrap(text, width)}`);
  return [`${title}:`, ...lines].join('\n');
}

/** Breaks a text into lines; those after the first begin at the column `indent`. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}
