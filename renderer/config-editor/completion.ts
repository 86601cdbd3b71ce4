/**
 * What may be written at the cursor: sections after a bracket, keys of the section on a line of their
 * own, words, flags and names of services behind an equals sign.
 */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { startCompletion } from '@codemirror/autocomplete';
import type { EditorView } from '@codemirror/view';
import { assertNever } from '../../shared/assert-never.ts';
import type { KeyInfo } from '../../shared/config-key-info.ts';
import { asToml, type ConfigHelp } from './config-help.ts';
import { keysBeside, placeOf, serverNames } from './cursor-place.ts';
import { keyCard, sectionCard } from './help-card.ts';

/** What completion asks for at the moment it is asked. */
export interface CompletionFacts {
  /** Null until the schema has come. */
  readonly help: () => ConfigHelp | null;
  /** Names of the services that run now. */
  readonly services: () => readonly string[];
}

/** Keys whose value names services: the only ones that the schema cannot list the words of. */
const keysOfServices: ReadonlySet<string> = new Set(['depends_on', 'target']);

/** A source for `autocompletion({ override })`. */
export function completions(facts: CompletionFacts) {
  return (context: CompletionContext): CompletionResult | null => {
    const help = facts.help();
    if (help === null) return null;
    const text = context.state.doc.toString();
    const place = placeOf(text, context.pos);
    if (place === null) return null;
    switch (place.kind) {
      case 'header':
        return headerResult(help, place.from);
      case 'key': {
        const isTyped = context.pos > place.from;
        if (!isTyped && !context.explicit) return null;
        return keyResult(help, place, keysBeside(text, context.pos));
      }
      case 'value': {
        const key = help.get(place.section)?.keys.get(place.key);
        if (key === undefined) return null;
        const names = () => [...new Set([...facts.services(), ...serverNames(text)])];
        return valueResult(key, place.before, context, names);
      }
      default:
        return assertNever(place);
    }
  };
}

function headerResult(help: ConfigHelp, from: number): CompletionResult {
  return { from, options: [...help.values()].map(sectionOption), validFor: /^\[{1,2}[\w.]*$/ };
}

type Section = ConfigHelp extends ReadonlyMap<string, infer Each> ? Each : never;

function sectionOption(section: Section): Completion {
  const label = section.repeated ? `[[${section.path}]]` : `[${section.path}]`;
  return {
    label,
    type: 'namespace',
    info: () => sectionCard(section),
    // Brackets that were closed while typing are replaced, not doubled.
    apply: (view, _completion, from, to) => insert(view, label, from, to, /^\]{1,2}/),
  };
}

function keyResult(
  help: ConfigHelp,
  place: { readonly section: string; readonly from: number; readonly hasValue: boolean },
  taken: ReadonlySet<string>,
): CompletionResult | null {
  const section = help.get(place.section);
  const keys = [...(section?.keys.values() ?? [])].filter(({ name }) => !taken.has(name));
  const options = keys.map((key): Completion => {
    const written = place.hasValue ? key.name : `${key.name} = `;
    return {
      label: key.name,
      type: 'property',
      ...(key.fallback === undefined ? {} : { detail: asToml(key.fallback) }),
      info: () => keyCard(place.section, key),
      apply: (view, _completion, from, to) => {
        insert(view, written, from, to, /^(?!)/);
        if (hasWords(key)) startCompletion(view);
      },
    };
  });
  const sections = place.hasValue ? [] : [...help.values()].map(sectionOption);
  return { from: place.from, options: [...options, ...sections], validFor: /^[\w.-]*$/ };
}

function hasWords({ type, name }: KeyInfo): boolean {
  return type === 'choice' || type === 'flag' || keysOfServices.has(name);
}

function valueResult(
  key: KeyInfo,
  before: string,
  context: CompletionContext,
  names: () => readonly string[],
): CompletionResult | null {
  // Inside a list, what counts is the element that is being written.
  const typed = /["']?[\w.:-]*$/.exec(before)?.[0] ?? '';
  const isStart = before === typed;
  const isElement = key.type === 'list' && before.startsWith('[');
  if (!isStart && !isElement) return null;
  const from = context.pos - typed.length;
  const option = (word: string): Completion => ({
    label: word,
    type: 'constant',
    apply: (view, _completion, start, to) => insert(view, word, start, to, /^[\w.:-]*["']?/),
  });
  const words = wordsOf(key, isElement, names);
  // What is written out needs no list any more, which would take the Enter that follows.
  if (words.length === 0 || words.includes(typed)) return null;
  const validFor = (text: string) => /^["']?[\w.:-]*$/.test(text) && !words.includes(text);
  return { from, options: words.map(option), validFor };
}

function wordsOf(key: KeyInfo, isElement: boolean, names: () => readonly string[]): string[] {
  if (key.type === 'flag') return ['true', 'false'];
  if (key.type === 'choice') return key.words.map((word) => JSON.stringify(word));
  if (!keysOfServices.has(key.name)) return [];
  const words = names().map((name) => JSON.stringify(name));
  return key.type === 'list' && !isElement ? words.map((word) => `[${word}]`) : words;
}

/** Writes the text in place of what was typed and of what `rest` matches behind it. */
function insert(view: EditorView, text: string, from: number, to: number, rest: RegExp): void {
  const line = view.state.doc.lineAt(to);
  const behind = rest.exec(line.text.slice(to - line.from))?.[0].length ?? 0;
  view.dispatch({
    changes: { from, to: to + behind, insert: text },
    selection: { anchor: from + text.length },
    userEvent: 'input.complete',
    scrollIntoView: true,
  });
}
