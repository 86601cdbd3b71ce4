/** A bracket or quote that was opened and, up to some point of the text, not closed. */
export interface Opening {
  readonly mark: string;
  readonly line: number;
  readonly column: number;
}

/**
 * What is still open at an offset of a TOML text, outermost first. TOML parsers notice a forgotten
 * bracket only at the next header, lines later; this tells where it was opened. Comments, closed
 * strings and table headers do not count.
 */
export function openAt(text: string, end: number): readonly Opening[] {
  const open: Opening[] = [];
  let line = 1;
  let lineStart = 0;
  let index = 0;
  const here = (mark: string): Opening => ({ mark, line, column: index - lineStart + 1 });
  while (index < end) {
    const character = text.charAt(index);
    if (character === '\n') {
      line += 1;
      lineStart = index + 1;
    } else if (character === '#') {
      index = endOfLine(text, index);
      continue;
    } else if (character === '"' || character === "'") {
      const mark = quoteAt(text, index, character);
      const close = closingQuote(text, index + mark.length, mark);
      if (close === -1) return [...open, here(mark)];
      for (let at = text.indexOf('\n', index); at !== -1 && at < close; ) {
        line += 1;
        lineStart = at + 1;
        at = text.indexOf('\n', lineStart);
      }
      index = close + mark.length;
      continue;
    } else if (character === '[' && open.length === 0 && isBlank(text, lineStart, index)) {
      index = endOfLine(text, index);
      continue;
    } else if (character === '[' || character === '{') {
      open.push(here(character));
    } else if (character === ']' || character === '}') {
      open.pop();
    }
    index += 1;
  }
  return open;
}

function quoteAt(text: string, index: number, quote: string): string {
  const triple = quote.repeat(3);
  return text.startsWith(triple, index) ? triple : quote;
}

/** Offset of the closing quote, or -1. Only double quotes know the backslash. */
function closingQuote(text: string, from: number, mark: string): number {
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === '\\' && mark.startsWith('"')) index += 1;
    else if (text.startsWith(mark, index)) return index;
    else if (text[index] === '\n' && mark.length === 1) return -1;
  }
  return -1;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function isBlank(text: string, from: number, to: number): boolean {
  return text.slice(from, to).trim() === '';
}
