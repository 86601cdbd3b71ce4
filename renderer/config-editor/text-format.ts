/**
 * A file's bytes beyond its words: byte order mark and line ends. The editor works on lines; what it
 * gives back has the mark and the ends that the file came with, so that a save changes what was
 * changed and nothing else.
 */
import { Text } from '@codemirror/state';

export interface TextFormat {
  /** Begins with U+FEFF, as files from Windows may. */
  readonly mark: boolean;
  /**
   * What ends each line. A file that has both, or a lone carriage return, is one with LF: there a carriage
   * return is a character of its line, is shown, and goes where the line goes.
   */
  readonly lineEnd: '\n' | '\r\n';
}

export const plainFormat: TextFormat = { mark: false, lineEnd: '\n' };

const byteOrderMark = '\uFEFF';

/** Takes a file's text apart; {@link joinText} gives the same text back, to the byte. */
export function splitText(text: string): { readonly format: TextFormat; readonly doc: Text } {
  const mark = text.startsWith(byteOrderMark);
  const body = mark ? text.slice(1) : text;
  const lineEnd = lineEndOf(body);
  const doc = Text.of(body.split(lineEnd));
  return { format: { mark, lineEnd }, doc };
}

/** The file's text of what the editor holds. */
export function joinText(doc: Text, { mark, lineEnd }: TextFormat): string {
  return (mark ? byteOrderMark : '') + doc.toString().replaceAll('\n', lineEnd);
}

function lineEndOf(body: string): TextFormat['lineEnd'] {
  const count = (mark: RegExp) => body.match(mark)?.length ?? 0;
  const pairs = count(/\r\n/g);
  return pairs > 0 && pairs === count(/\r/g) && pairs === count(/\n/g) ? '\r\n' : '\n';
}
