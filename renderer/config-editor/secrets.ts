/**
 * Secrets stand as dots, so that a look at the configuration (or a shared screen) does not give them
 * away. They are shown on the line of the cursor, because nobody can correct what he cannot see, and all
 * of them on request. Only the picture changes: copying and screen readers have the text.
 */
import {
  type EditorState,
  type Extension,
  type Range,
  StateEffect,
  StateField,
} from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import type { ConfigHelp } from './config-help.ts';
import { outline } from './toml-outline.ts';

/** Shows or hides all secrets. */
export const showSecrets = StateEffect.define<boolean>();

const shown = StateField.define<boolean>({
  create: () => false,
  update: (value, { effects }) =>
    effects.findLast((effect) => effect.is(showSecrets))?.value ?? value,
});

const dots = Decoration.mark({ class: 'cm-secret' });

/** Names of environment variables that hold secrets; the schema knows those of our own keys. */
const secretName = /key|token|secret|passw/i;

/** Where the secrets of a text stand. */
export function secretRanges(
  text: string,
  help: ConfigHelp,
): readonly (readonly [number, number])[] {
  return outline(text).flatMap((each) => {
    if (each.kind !== 'pair' || each.valueFrom === null || each.to <= each.valueFrom) return [];
    const path = [...each.section, ...each.key];
    const name = path.at(-1) ?? '';
    const parent = help.get(path.slice(0, -1).join('.'));
    const key = parent?.keys.get(name);
    if (key?.isSecret === true) return [[each.valueFrom, each.to] as const];
    if (key?.type === 'table') return inTable(text.slice(each.valueFrom, each.to), each.valueFrom);
    // `[servers.env]`: a key of which the section knows nothing, because it is a variable.
    const isVariable = parent === undefined && isTable(path.slice(0, -1), help);
    return isVariable && secretName.test(name) ? [[each.valueFrom, each.to] as const] : [];
  });
}

/** Masks the secrets of a configuration. */
export function hiddenSecrets(help: () => ConfigHelp | null): Extension {
  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor({ state }: EditorView) {
        this.decorations = decorate(state, help());
      }

      update({ state, docChanged, selectionSet, transactions }: ViewUpdate): void {
        const isAsked = transactions.some(({ effects }) => effects.length > 0);
        if (docChanged || selectionSet || isAsked) this.decorations = decorate(state, help());
      }
    },
    { decorations: (value) => value.decorations },
  );
  return [shown, plugin];
}

function decorate(state: EditorState, help: ConfigHelp | null): DecorationSet {
  if (help === null || state.field(shown)) return Decoration.none;
  const cursors = state.selection.ranges.map(({ head }) => state.doc.lineAt(head).number);
  const ranges = secretRanges(state.doc.toString(), help).flatMap(
    ([from, to]): Range<Decoration>[] => {
      const first = state.doc.lineAt(from).number;
      const last = state.doc.lineAt(to).number;
      return cursors.some((line) => first <= line && line <= last) ? [] : [dots.range(from, to)];
    },
  );
  return Decoration.set(ranges, true);
}

function isTable(path: readonly string[], help: ConfigHelp): boolean {
  return help.get(path.slice(0, -1).join('.'))?.keys.get(path.at(-1) ?? '')?.type === 'table';
}

/** The secrets of `{ TOKEN = "abc", PORT = "1" }`. */
function inTable(value: string, offset: number): (readonly [number, number])[] {
  const pairs = value.matchAll(/([\w.-]+|"[^"]*"|'[^']*')\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*')/g);
  return [...pairs].flatMap((pair) => {
    const [all, name = '', text = ''] = pair;
    if (!secretName.test(name)) return [];
    const end = offset + pair.index + all.length;
    return [[end - text.length, end] as const];
  });
}
