/**
 * The editor's looks, from the page's own design tokens, which reach through the shadow root. What
 * CodeMirror's base theme sets with two classes has to be set with two here as well.
 */
import { EditorView } from '@codemirror/view';

const tooltip = {
  maxWidth: 'min(26rem, calc(100vw - 2rem))',
  border: '1px solid var(--color-border-strong)',
  borderRadius: 'var(--radius-control)',
  backgroundColor: 'var(--color-surface)',
  color: 'var(--color-text)',
  boxShadow: 'var(--shadow-dialog)',
};

const underlines = (colour: string) => ({
  backgroundImage: 'none',
  textDecoration: `underline wavy ${colour}`,
  textDecorationSkipInk: 'none',
  textUnderlineOffset: '3px',
});

const points = (colour: string) => ({ '&:after': { borderBottomColor: colour } });

const diagnostic = (colour: string) => ({
  borderLeft: `3px solid ${colour}`,
  padding: 'var(--space-1) var(--space-3)',
});

export const editorTheme = EditorView.theme({
  '&': {
    height: '100%',
    color: 'var(--color-text)',
    backgroundColor: 'var(--color-surface)',
    fontSize: 'var(--text-small)',
  },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--font-mono)', lineHeight: '1.55' },
  '.cm-content': { padding: 'var(--space-2) 0', caretColor: 'var(--color-text)' },
  '& .cm-cursor': { borderLeftColor: 'var(--color-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground':
    { background: 'var(--color-selected)' },
  '.cm-line': { padding: '0 var(--space-3) 0 var(--space-1)' },
  '.cm-gutters': {
    border: 'none',
    backgroundColor: 'var(--color-surface)',
    color: 'var(--color-muted)',
    fontVariantNumeric: 'tabular-nums',
  },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--color-hover)' },
  '&.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--color-pressed)',
    outline: '1px solid var(--color-border-strong)',
  },
  '&.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--color-bad-soft)' },
  '.cm-selectionMatch, .cm-searchMatch': { backgroundColor: 'var(--color-found)' },
  '.cm-searchMatch-selected': { outline: '2px solid var(--color-warn)' },
  '.cm-specialChar': { color: 'var(--color-warn)' },
  '.cm-placeholder': { color: 'var(--color-muted)' },
  // Known to Chromium, Safari and Firefox under this name only.
  '.cm-secret': { '-webkit-text-security': 'disc' },

  '.cm-lintRange-error': underlines('var(--color-bad)'),
  '.cm-lintRange-warning': underlines('var(--color-warn)'),
  '.cm-lintRange-info': underlines('var(--color-accent)'),
  '.cm-lintPoint-error': points('var(--color-bad)'),
  '.cm-lintPoint-warning': points('var(--color-warn)'),
  '.cm-lintPoint-info': points('var(--color-accent)'),
  '.cm-diagnostic-error': diagnostic('var(--color-bad)'),
  '.cm-diagnostic-warning': diagnostic('var(--color-warn)'),
  '.cm-diagnostic-info': diagnostic('var(--color-accent)'),

  '.cm-tooltip': tooltip,
  '.cm-tooltip.cm-completionInfo': { padding: 'var(--space-2) var(--space-3)' },
  '.cm-help': { padding: 'var(--space-2) var(--space-3)', fontFamily: 'var(--font-text)' },
  '.cm-completionInfo .cm-help': { padding: '0' },
  '.cm-help code': { fontFamily: 'var(--font-mono)', fontWeight: '600' },
  '.cm-help p': { margin: 'var(--space-1) 0 0', overflowWrap: 'anywhere' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    maxHeight: '16em',
    fontFamily: 'var(--font-mono)',
    fontSize: 'var(--text-small)',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: 'var(--space-1) var(--space-2)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--color-hover)',
    color: 'var(--color-text)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-completionDetail': { color: 'var(--color-muted)', fontStyle: 'normal' },

  '.cm-panels': {
    border: 'none',
    backgroundColor: 'var(--color-control)',
    color: 'var(--color-text)',
    fontFamily: 'var(--font-text)',
  },
  '.cm-textfield, .cm-button': {
    minHeight: '28px',
    border: '1px solid var(--color-border-strong)',
    borderRadius: 'var(--radius-control)',
    backgroundColor: 'var(--color-surface)',
    backgroundImage: 'none',
    color: 'inherit',
    fontSize: 'var(--text-small)',
  },
  '.cm-panels button:focus-visible, .cm-panels input:focus-visible, button.cm-revert:focus-visible':
    {
      outline: '2px solid var(--color-accent)',
      outlineOffset: '1px',
    },
  '.cm-panel.cm-search [name=close]': { color: 'inherit', minWidth: '24px', minHeight: '24px' },

  '&.cm-merge-b .cm-changedLine': { backgroundColor: 'var(--color-good-soft)' },
  '&.cm-merge-b .cm-changedText': {
    background: 'none',
    borderBottom: '2px solid var(--color-good)',
  },
  '&.cm-merge-b .cm-deletedChunk': {
    backgroundColor: 'var(--color-bad-soft)',
    paddingLeft: 'var(--space-1)',
  },
  '&.cm-merge-b .cm-deletedChunk .cm-deletedText': {
    background: 'none',
    borderBottom: '2px solid var(--color-bad)',
  },
  '&.cm-merge-b .cm-changedLineGutter': { background: 'var(--color-good)' },
  '&.cm-merge-b .cm-deletedLineGutter': { background: 'var(--color-bad)' },
  '.cm-deletedChunk button.cm-revert': {
    minHeight: '24px',
    border: '1px solid var(--color-border-strong)',
    borderRadius: 'var(--radius-control)',
    backgroundColor: 'var(--color-control)',
    color: 'var(--color-text)',
    font: '500 var(--text-tiny) var(--font-text)',
    cursor: 'pointer',
  },
  '& .cm-scroller .cm-collapsedLines': {
    background: 'var(--color-control)',
    color: 'var(--color-muted)',
    fontFamily: 'var(--font-text)',
  },
});
