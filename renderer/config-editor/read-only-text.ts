/** A text to look at, compared with another one: for earlier versions of the file. */
import { unifiedMergeView } from '@codemirror/merge';
import { EditorState } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import type { ConfigHelp } from './config-help.ts';
import { shadowRootOf } from './editor.ts';
import { editorTheme } from './editor-theme.ts';
import { hiddenSecrets } from './secrets.ts';
import { splitText } from './text-format.ts';
import { tomlLanguage } from './toml-language.ts';

export interface ComparedText {
  readonly host: HTMLElement;
  /** The text that is shown, and the one that it is compared with. */
  readonly text: string;
  readonly original: string;
  readonly help: () => ConfigHelp | null;
}

/** Shows it until the returned function is called. */
export function showComparedText({ host, text, original, help }: ComparedText): () => void {
  const root = shadowRootOf(host);
  const view = new EditorView({
    root,
    parent: root,
    doc: splitText(text).doc,
    extensions: [
      editorTheme,
      lineNumbers(),
      EditorView.lineWrapping,
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      // Not editable means not focusable, but it must be possible to scroll it by keyboard.
      EditorView.contentAttributes.of({ 'aria-label': 'Earlier version', tabindex: '0' }),
      tomlLanguage,
      hiddenSecrets(help),
      unifiedMergeView({
        original: splitText(original).doc,
        mergeControls: false,
        collapseUnchanged: { margin: 3, minSize: 8 },
      }),
    ],
  });
  return () => view.destroy();
}
