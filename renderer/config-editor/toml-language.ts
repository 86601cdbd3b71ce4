/** Colours for TOML. They are hints for the eye; what is right is said by the supervisor alone. */
import {
  HighlightStyle,
  StreamLanguage,
  type StreamParser,
  syntaxHighlighting,
} from '@codemirror/language';
import { toml } from '@codemirror/legacy-modes/mode/toml';
import { tags } from '@lezer/highlight';

interface State {
  inString: boolean;
  stringType: string;
}

/**
 * The stock mode lets a string that was not closed colour the rest of the file, and takes a backslash in
 * 'single quotes' for an escape, although TOML knows none there (`'C:\folder\'`).
 */
const parser: StreamParser<State> = {
  ...(toml as StreamParser<State>),
  token: (stream, state) => {
    const isShort = state.stringType.length === 1;
    if (stream.sol() && state.inString && isShort) state.inString = false;
    if (state.inString && state.stringType.startsWith("'")) {
      if (!stream.skipTo(state.stringType)) stream.skipToEnd();
      else {
        stream.match(state.stringType);
        state.inString = false;
      }
      return 'string';
    }
    return (toml as StreamParser<State>).token(stream, state);
  },
};

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--color-muted)' },
  { tag: tags.propertyName, color: 'var(--color-accent)' },
  { tag: tags.atom, color: 'var(--color-ansi-magenta)' },
  { tag: tags.string, color: 'var(--color-ansi-cyan)' },
  { tag: tags.number, color: 'var(--color-ansi-yellow)' },
]);

export const tomlLanguage = [StreamLanguage.define(parser), syntaxHighlighting(colours)];
