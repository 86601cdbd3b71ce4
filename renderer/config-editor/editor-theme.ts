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

/** The same shapes as the list below the text has: a mark in the margin is known without its colour. */
const marker = (colour: string, shape: string) => ({
  content: '""',
  width: '14px',
  height: '14px',
  margin: '1px 0',
  backgroundColor: colour,
  mask: `url('data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke="#000" stroke-width="1.5">${shape}</svg>`)}') center / contain no-repeat`,
});

const shapes = {
  error:
    '<path fill="#000" stroke="none" fill-rule="evenodd" d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM5 6l1-1 2 2 2-2 1 1-2 2 2 2-1 1-2-2-2 2-1-1 2-2Z"/>',
  warning: '<path d="M8 1.75 14.75 13.5H1.25Z"/><path d="M8 6v3.25M8 11.4v.1"/>',
  info: '<circle cx="8" cy="8" r="6.25"/><path d="M8 7.25v4M8 4.7v.1"/>',
};

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
  '& .cm-lint-marker-error': marker('var(--color-bad)', shapes.error),
  '& .cm-lint-marker-warning': marker('var(--color-warn)', shapes.warning),
  '& .cm-lint-marker-info': marker('var(--color-muted)', shapes.info),
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
