/**
 * The text editor, without React: CodeMirror 6 with TOML, problems, completion, help and the comparison
 * with the file. It lives in a shadow root: there CodeMirror uses constructed style sheets, which the
 * page's security policy allows (`style-src 'self'`); in the document it would need inline styles.
 *
 * The Tab key moves the focus, as everywhere on the page: nobody is caught in here.
 */
import { autocompletion, closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, invertedEffects } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { lintGutter, nextDiagnostic, previousDiagnostic, setDiagnostics } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { search, searchKeymap } from '@codemirror/search';
import {
  Compartment,
  EditorState,
  type Extension,
  StateEffect,
  StateField,
  Transaction,
} from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';
import type { ConfigProblem } from '../../shared/status.ts';
import { completions } from './completion.ts';
import type { ConfigHelp } from './config-help.ts';
import { editorTheme } from './editor-theme.ts';
import { helpOnHover } from './help-card.ts';
import { offsetOf, problemMarks } from './problem-marks.ts';
import { hiddenSecrets, showSecrets } from './secrets.ts';
import { joinText, plainFormat, splitText, type TextFormat } from './text-format.ts';
import { tomlLanguage } from './toml-language.ts';

export interface EditorOptions {
  /** Receives the shadow root; empty. */
  readonly host: HTMLElement;
  readonly help: () => ConfigHelp | null;
  /** Names of the services that run now. */
  readonly services: () => readonly string[];
  /** The file's text after every change. */
  readonly onEdit: (text: string) => void;
  /** Ctrl+S, Cmd+S. */
  readonly onSave: () => void;
}

export interface Editor {
  /** The text as it would stand in the file, with its byte order mark and line ends. */
  text(): string;
  /** Puts another text in; one undo brings the old one back, line ends included. */
  show(text: string): void;
  showProblems(problems: readonly ConfigProblem[]): void;
  /** Shows what differs from this text, each change with a button that takes it back; null: no more. */
  compareWith(text: string | null): void;
  showSecrets(shown: boolean): void;
  /** Puts the cursor and the focus where a problem is. */
  goTo(problem: ConfigProblem): void;
  focus(): void;
  destroy(): void;
}

const setFormat = StateEffect.define<TextFormat>();

const format = StateField.define<TextFormat>({
  create: () => plainFormat,
  update: (value, { effects }) => effects.findLast((each) => each.is(setFormat))?.value ?? value,
});

/** Undo brings line ends and mark back together with the text. */
const undoFormat = invertedEffects.of(({ effects, startState }) =>
  effects.some((each) => each.is(setFormat)) ? [setFormat.of(startState.field(format))] : [],
);

export function createEditor({ host, help, services, onEdit, onSave }: EditorOptions): Editor {
  const comparison = new Compartment();
  /** Nobody wants to undo the opening of the file. */
  let isEmpty = true;
  const root = shadowRootOf(host);
  const textOf = (state: EditorState) => joinText(state.doc, state.field(format));
  const save = () => {
    onSave();
    return true;
  };
  const view = new EditorView({
    root,
    parent: root,
    extensions: [
      keymap.of([
        { key: 'Mod-s', run: save, preventDefault: true },
        { key: 'F8', run: nextDiagnostic },
        { key: 'Shift-F8', run: previousDiagnostic },
      ]),
      format,
      undoFormat,
      basics,
      cursor(),
      tomlLanguage,
      autocompletion({ override: [completions({ help, services })], icons: false }),
      helpOnHover(help),
      hiddenSecrets(help),
      comparison.of([]),
      EditorView.updateListener.of(({ docChanged, state, startState }) => {
        if (docChanged || state.field(format) !== startState.field(format)) onEdit(textOf(state));
      }),
    ],
  });
  return {
    text: () => textOf(view.state),
    show: (text) => {
      const { doc, format: next } = splitText(text);
      const changes = { from: 0, to: view.state.doc.length, insert: doc };
      const annotations = Transaction.addToHistory.of(!isEmpty);
      isEmpty = false;
      view.dispatch({
        changes,
        selection: { anchor: 0 },
        effects: setFormat.of(next),
        annotations,
      });
    },
    showProblems: (problems) => {
      view.dispatch(setDiagnostics(view.state, problemMarks(view.state.doc, problems)));
    },
    compareWith: (text) => {
      view.dispatch({ effects: comparison.reconfigure(text === null ? [] : comparedWith(text)) });
    },
    showSecrets: (shown) => view.dispatch({ effects: showSecrets.of(shown) }),
    goTo: ({ line, column }) => {
      const anchor = offsetOf(view.state.doc, line, column);
      const effects = EditorView.scrollIntoView(anchor, { y: 'center' });
      view.dispatch({ selection: { anchor }, effects });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

/** React's strict mode mounts twice on one element, which can have one shadow root. */
export function shadowRootOf(host: HTMLElement): ShadowRoot {
  return host.shadowRoot ?? host.attachShadow({ mode: 'open' });
}

/**
 * Drawn, not the browser's own: to set that at the wrap of a line, CodeMirror moves the focus to the text,
 * even while somebody types into the search field.
 */
function cursor(): Extension {
  const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  return drawSelection(isCalm ? { cursorBlinkRate: 0 } : {});
}

const basics: Extension = [
  editorTheme,
  lineNumbers(),
  lintGutter(),
  highlightActiveLine(),
  highlightActiveLineGutter(),
  highlightSpecialChars(),
  history(),
  bracketMatching(),
  closeBrackets(),
  search({ top: true }),
  EditorState.lineSeparator.of('\n'),
  EditorView.lineWrapping,
  placeholder('There is nothing in the file: every setting has its default.'),
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
  // Said outright that it takes the focus: some readers of the page do not count editable text.
  EditorView.contentAttributes.of({ 'aria-label': 'Configuration text', tabindex: '0' }),
  // The clipboard of Windows has CRLF; in the editor a line is a line.
  EditorView.clipboardInputFilter.of((text) => text.replaceAll(/\r\n?/g, '\n')),
];

/** The text with what was taken away between the lines, and a button that takes a change back. */
function comparedWith(text: string): Extension {
  return unifiedMergeView({ original: splitText(text).doc, mergeControls: revertButton });
}

/** Changes are taken back here, and kept by saving: there is nothing to accept one by one. */
function revertButton(kind: 'accept' | 'reject', act: (event: MouseEvent) => void): HTMLElement {
  if (kind === 'accept') return document.createElement('span');
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'cm-revert';
  button.textContent = 'Revert';
  button.addEventListener('click', act);
  return button;
}
