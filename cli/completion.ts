/** Completion scripts for four shells, made from the declaration of the commands. */

import { eventTypes } from '../shared/events.ts';
import type { ArgumentSpec, Completes, Context, Input, OptionSpec } from './command.ts';
import { commands, globalOptions } from './commands.ts';
import { bashScript, fishScript, powershellScript, zshScript } from './completion-scripts.ts';
import type { ExitName } from './exit-codes.ts';

/** What can stand behind some words. */
export interface Place {
  /** The words of the command so far: '' for the first one, `config`, `config check`. */
  readonly path: string;
  readonly words: readonly Word[];
  /** Options that take a value, with what the value can be. */
  readonly values: readonly { readonly form: string; readonly offers: Offers }[];
  readonly argument: Offers;
}

export interface Word {
  readonly text: string;
  readonly summary: string;
}

/** A fixed list, or what has to be looked up. */
export type Offers = { readonly list: readonly string[] } | { readonly look: 'files' | 'services' };

const none: Offers = { list: [] };

/** Every place of the command line, the first word's first. */
export function places(): readonly Place[] {
  const groups = commands
    .map(({ name }) => name.split(' '))
    .filter((words) => words.length > 1)
    .map(([first = '']) => first);
  return [
    {
      path: '',
      words: [...firstWords(), ...optionWords(globalOptions)],
      values: valuesOf(globalOptions),
      argument: none,
    },
    ...[...new Set(groups)].map((group) => ({
      path: group,
      words: commands
        .filter(({ name }) => name.startsWith(`${group} `))
        .map(({ name, summary }) => ({ text: name.slice(group.length + 1), summary })),
      values: [],
      argument: none,
    })),
    ...commands.map((command) => {
      const options = { ...command.options, ...globalOptions };
      return {
        path: command.name,
        words: optionWords(options),
        values: valuesOf(options),
        argument: argumentOffers(command.arguments?.[0]),
      };
    }),
  ];
}

function firstWords(): readonly Word[] {
  const first = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [word = '', second] = name.split(' ');
    const text = second === undefined ? summary : `Commands about the ${word}`;
    first.set(word, text);
  }
  return [...first].map(([text, summary]) => ({ text, summary }));
}

function optionWords(options: Readonly<Record<string, OptionSpec>>): readonly Word[] {
  return Object.entries(options).map(([name, { summary }]) => ({ text: `--${name}`, summary }));
}

function valuesOf(options: Readonly<Record<string, OptionSpec>>): Place['values'] {
  return Object.entries(options).flatMap(([name, option]) => {
    if (option.value === null) return [];
    const offers = offersOf(option.choices, option.completes);
    const forms = option.short === undefined ? [`--${name}`] : [`--${name}`, `-${option.short}`];
    return forms.map((form) => ({ form, offers }));
  });
}

function argumentOffers(argument: ArgumentSpec | undefined): Offers {
  return argument === undefined ? none : offersOf(argument.choices, argument.completes);
}

function offersOf(
  choices: readonly string[] | undefined,
  completes: Completes | undefined,
): Offers {
  if (choices !== undefined) return { list: choices };
  if (completes === 'event types') return { list: eventTypes };
  return completes === undefined ? none : { look: completes };
}

export async function completion(context: Context, input: Input): Promise<ExitName> {
  const { out } = context;
  switch (input.required(0)) {
    case 'bash':
      out.print(bashScript(places()));
      break;
    case 'zsh':
      out.print(zshScript(places()));
      break;
    case 'fish':
      out.print(fishScript(places()));
      break;
    default:
      out.print(powershellScript(places()));
  }
  return 'ok';
}
