/**
 * What a program printed for a terminal, as text with styles. Only styles survive (ECMA-48 SGR); cursor
 * movements, titles, links and other control codes are taken out, since a log has no cursor. Colours of
 * every depth become one of eight that can be read on both themes, and are class names, never CSS that
 * the program could choose.
 */

export type AnsiColour =
  | 'red'
  | 'green'
  | 'yellow'
  | 'blue'
  | 'magenta'
  | 'cyan'
  | 'grey'
  | 'plain';

export interface AnsiStyle {
  readonly colour?: AnsiColour;
  readonly background?: AnsiColour;
  readonly bold?: true;
  readonly dim?: true;
  readonly italic?: true;
  readonly underline?: true;
  readonly strike?: true;
}

export interface AnsiPart {
  readonly text: string;
  readonly style: AnsiStyle;
}

const noStyle: AnsiStyle = {};

/** The eight colours of SGR 30–37; black and white are both the text's own colour. */
const palette: readonly AnsiColour[] = [
  'plain',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'plain',
];

/** Where a colour stands on the wheel, in sixths of it, from red on. */
const wheel: readonly AnsiColour[] = ['red', 'yellow', 'green', 'cyan', 'blue', 'magenta'];

const esc = '\u001b';
const bel = '\u0007';

/** Every control code but tab and line feed, with what belongs to it. */
const control = new RegExp(
  [
    // CSI: parameters, intermediates, and what it is.
    `${esc}\\[([0-9:;<=>?]*)[ -/]*([@-~])`,
    // OSC and the other strings, to their end or that of the line.
    `${esc}[\\]P^_X][^${bel}${esc}]*(?:${bel}|${esc}\\\\)?`,
    `${esc}[ -/]*[0-~]?`,
    '(?![\\t\\n])\\p{Cc}',
  ].join('|'),
  'gu',
);

/** The parts of one line; a line without codes is one part. */
export function parseAnsi(line: string): readonly AnsiPart[] {
  const text = lastWritten(line);
  const parts: AnsiPart[] = [];
  let style = noStyle;
  let at = 0;
  for (const match of text.matchAll(control)) {
    if (match.index > at) parts.push({ text: text.slice(at, match.index), style });
    at = match.index + match[0].length;
    if (match[2] === 'm') style = restyled(style, match[1] ?? '');
  }
  if (at < text.length) parts.push({ text: text.slice(at), style });
  return parts;
}

/** What is left to read, without any style. */
export function withoutAnsi(line: string): string {
  return lastWritten(line).replace(control, '');
}

/** A carriage return goes back to the start of the line: progress bars write over themselves. */
function lastWritten(line: string): string {
  if (!line.includes('\r')) return line;
  return line.split('\r').findLast((part) => part !== '') ?? '';
}

function restyled(before: AnsiStyle, parameters: string): AnsiStyle {
  const codes = parameters.split(/[;:]/u).map(Number);
  let style = before;
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      const key = code === 38 ? 'colour' : 'background';
      const isTrueColour = codes[i + 1] === 2;
      const colour = isTrueColour
        ? nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0)
        : indexed(codes[i + 2] ?? 0);
      style = { ...style, [key]: colour };
      i += isTrueColour ? 4 : 2;
    } else style = withCode(style, code);
  }
  return style;
}

function withCode(style: AnsiStyle, code: number): AnsiStyle {
  const without = (...keys: readonly (keyof AnsiStyle)[]): AnsiStyle =>
    Object.fromEntries(
      Object.entries(style).filter(([key]) => !keys.includes(key as keyof AnsiStyle)),
    );
  if (code >= 30 && code <= 37) return { ...style, colour: palette[code - 30] ?? 'plain' };
  if (code >= 40 && code <= 47) return { ...style, background: palette[code - 40] ?? 'plain' };
  if (code >= 91 && code <= 97) return { ...style, colour: palette[code - 90] ?? 'plain' };
  if (code >= 100 && code <= 107) return { ...style, background: palette[code - 100] ?? 'plain' };
  switch (code) {
    case 0:
      return noStyle;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 9:
      return { ...style, strike: true };
    case 22:
      return without('bold', 'dim');
    case 23:
      return without('italic');
    case 24:
      return without('underline');
    case 29:
      return without('strike');
    case 39:
      return without('colour');
    case 49:
      return without('background');
    case 90:
      return { ...style, colour: 'grey' };
    default:
      return style;
  }
}

/** A colour of the palette of 256: 16 named ones, a cube of 6 × 6 × 6, a ramp of greys. */
function indexed(index: number): AnsiColour {
  if (index === 8) return 'grey';
  if (index < 16) return palette[index % 8] ?? 'plain';
  if (index >= 232) return 'grey';
  const cube = index - 16;
  return nearest(Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6, 5);
}

function nearest(red: number, green: number, blue: number, most = 255): AnsiColour {
  const max = Math.max(red, green, blue);
  const range = max - Math.min(red, green, blue);
  if (range < most / 6) return max > most * 0.75 || max < most * 0.25 ? 'plain' : 'grey';
  const sixth =
    max === red
      ? (green - blue) / range
      : max === green
        ? 2 + (blue - red) / range
        : 4 + (red - green) / range;
  return wheel[Math.round(sixth + 6) % 6] ?? 'plain';
}
