/**
 * What stands where in a TOML text that somebody is typing: headers and pairs with their offsets. It
 * forgives everything, because half of what it reads is not finished; what is right and what is
 * wrong is said by the supervisor alone. Offsets count UTF-16 units from 0, ends are exclusive.
 */

/** `[a.b]` or `[[a.b]]`. */
export interface Header {
  readonly kind: 'header';
  readonly path: readonly string[];
  readonly repeated: boolean;
  readonly from: number;
  /** Behind the last bracket, or where the line ends. */
  readonly to: number;
  readonly isClosed: boolean;
}

/** `key = value`, or as much of it as there is. */
export interface Pair {
  readonly kind: 'pair';
  /** The path of the header above it. */
  readonly section: readonly string[];
  /** `a.b = 1` has two parts. */
  readonly key: readonly string[];
  readonly from: number;
  readonly keyTo: number;
  /** Where the value begins, or would; null before there is an equals sign. */
  readonly valueFrom: number | null;
  readonly to: number;
}

export type Statement = Header | Pair;

/** Every header and pair, in the order of the text. */
export function outline(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let section: readonly string[] = [];
  let at = 0;
  while (at < text.length) {
    at = skip(text, at, /[\s]/);
    const char = text[at];
    if (char === undefined) break;
    if (char === '#') at = lineEnd(text, at);
    else if (char === '[') {
      const header = readHeader(text, at);
      statements.push(header);
      section = header.path;
      at = lineEnd(text, header.to);
    } else {
      const pair = readPair(text, at, section);
      statements.push(pair);
      // A value that another one follows in the same line is a mistake; the line is left to it.
      at = Math.max(at + 1, lineEnd(text, pair.to));
    }
  }
  return statements;
}

/** The parts of a dotted key; quotes around a part are taken off. */
export function keyParts(text: string): readonly string[] {
  const parts = text.match(/\s*"(?:[^"\\]|\\.)*"?\s*|\s*'[^']*'?\s*|[^.]+/g) ?? [];
  return parts.map((part) => part.trim().replace(/^(["'])(.*?)\1?$/s, '$2'));
}

/** The text of a value in quotes, without them; null for any other value. */
export function quoted(value: string): string | null {
  return /^(["'])(.*)\1$/s.exec(value.trim())?.[2] ?? null;
}

function readHeader(text: string, from: number): Header {
  const line = text.slice(from, lineEnd(text, from));
  const repeated = line.startsWith('[[');
  const open = repeated ? 2 : 1;
  const name = /^(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|[^\]#"'])*/.exec(line.slice(open))?.[0] ?? '';
  const rest = line.slice(open + name.length);
  const closing = /^\]{1,2}/.exec(rest)?.[0] ?? '';
  const to = from + open + name.trimEnd().length;
  return {
    kind: 'header',
    path: keyParts(name),
    repeated,
    from,
    to: closing === '' ? to : from + open + name.length + closing.length,
    isClosed: closing !== '',
  };
}

function readPair(text: string, from: number, section: readonly string[]): Pair {
  const end = lineEnd(text, from);
  const name =
    /^(?:"(?:[^"\\\n]|\\.)*"?|'[^'\n]*'?|[^=#"'\n])*/.exec(text.slice(from, end))?.[0] ?? '';
  const keyTo = from + name.trimEnd().length;
  const equals = from + name.length;
  const pair = { kind: 'pair', section, key: keyParts(name), from, keyTo } as const;
  if (text[equals] !== '=') return { ...pair, valueFrom: null, to: keyTo };
  const valueFrom = skip(text, equals + 1, /[ \t]/);
  return { ...pair, valueFrom, to: valueEnd(text, valueFrom) };
}

const closings: Readonly<Record<string, string>> = { '[': ']', '{': '}' };

/** Where a value ends: it may span lines in brackets and in three quotes. */
function valueEnd(text: string, from: number): number {
  const open: string[] = [];
  let end = from;
  let at = from;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '\n') {
      if (open.length === 0 || beginsAnew(text, at + 1, open.at(-1))) break;
      at += 1;
    } else if (char === '#') {
      at = lineEnd(text, at);
    } else if (char === '"' || char === "'") {
      at = stringEnd(text, at);
      end = at;
    } else {
      if (char in closings) open.push(closings[char] ?? '');
      else if (char === open.at(-1)) open.pop();
      at += 1;
      if (!/\s/.test(char)) end = at;
    }
  }
  return end;
}

/** True for a line that can only be a new statement: the bracket before it was forgotten. */
function beginsAnew(text: string, lineStart: number, awaited: string | undefined): boolean {
  const line = text.slice(lineStart, lineEnd(text, lineStart));
  if (/^\s*\[\[?\s*[A-Za-z_][\w.-]*\s*\]/.test(line)) return true;
  return awaited === ']' && /^\s*[\w.-]+\s*=/.test(line);
}

function stringEnd(text: string, from: number): number {
  const mark = /^("""|'''|"|')/.exec(text.slice(from, from + 3))?.[0] ?? '"';
  const isLiteral = mark.startsWith("'");
  let at = from + mark.length;
  while (at < text.length) {
    if (mark.length === 1 && text[at] === '\n') return at;
    if (text.startsWith(mark, at)) {
      at += mark.length;
      // Up to two quotes may stand before the three that end it (TOML 1.0, String).
      for (let more = 0; more < 2 && mark.length === 3 && text[at] === mark[0]; more += 1) at += 1;
      return at;
    }
    at += !isLiteral && text[at] === '\\' ? 2 : 1;
  }
  return text.length;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end;
}

function skip(text: string, from: number, what: RegExp): number {
  let at = from;
  while (at < text.length && what.test(text.charAt(at))) at += 1;
  return at;
}
