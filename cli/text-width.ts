/** How text fills a terminal: columns, not characters. */
import { stripVTControlCharacters } from 'node:util';

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Two columns wide: CJK, Hangul and full-width forms (Unicode TR11), and pictures. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u;

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/**
 * Text that others chose, made safe for a terminal: without control sequences, on one line. A client may
 * call itself anything, also something that moves the cursor.
 */
export function plain(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\s+/g, ' ')
      // What is left of control characters: C0, C1, and marks that turn the direction of the line.
      .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
  );
}

export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += widthOf(segment);
  return width;
}

/** Cut to so many columns, with `…` as the last one where something is missing. */
export function cutTo(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += widthOf(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return columns < 1 ? '' : `${kept}…`;
}

function widthOf(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0;
  return wide.test(grapheme) ? 2 : 1;
}
