/**
 * Changes single values in the text of a JSON object and leaves every other byte as it was. Parsing and
 * writing anew would do for the shape, but not for what it holds: 12345678901234567890 or 1.0 come out
 * as other numbers. The text must be known to be valid JSON; only the ways to the values are walked.
 */

export interface Change {
  /** Keys from the outside in. */
  readonly path: readonly string[];
  /** The new value, as JSON. */
  readonly value: string;
}

interface Found {
  readonly start: number;
  readonly end: number;
  readonly change: number;
}

/**
 * The text with the values replaced; paths that are not there change nothing. A key that stands there
 * twice is replaced twice: parsers differ in which one counts.
 */
export function withValues(text: string, changes: readonly Change[]): string {
  const found: Found[] = [];
  walk(
    text,
    0,
    changes.map(({ path }, change) => ({ path, change })),
    found,
  );
  if (found.length === 0) return text;
  let result = '';
  let copied = 0;
  for (const { start, end, change } of found) {
    result += text.slice(copied, start) + (changes[change]?.value ?? '');
    copied = end;
  }
  return result + text.slice(copied);
}

/** The value's own text, as JSON; null when the path is not there. Of two equal keys, the last. */
export function valueAt(text: string, path: readonly string[]): string | null {
  const found: Found[] = [];
  walk(text, 0, [{ path, change: 0 }], found);
  const last = found.at(-1);
  return last === undefined ? null : text.slice(last.start, last.end);
}

/** JSON on one line: outside of strings a line break is only space, inside it cannot stand. */
export function onOneLine(text: string): string {
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text;
}

interface Way {
  readonly path: readonly string[];
  readonly change: number;
}

/** Visits the value at `start` and notes what the ways lead to; returns where the value ends. */
function walk(text: string, start: number, ways: readonly Way[], found: Found[]): number {
  const first = skipSpace(text, start);
  if (ways.length === 0 || text[first] !== '{') return endOfValue(text, first);
  let at = skipSpace(text, first + 1);
  while (at < text.length && text[at] !== '}') {
    const keyEnd = endOfString(text, at);
    const key = keyOf(text.slice(at, keyEnd));
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const here = ways.filter(({ path }) => path[0] === key);
    const arrived = here.find(({ path }) => path.length === 1);
    const further = arrived
      ? []
      : here.map(({ path, change }) => ({ path: path.slice(1), change }));
    const valueEnd = walk(text, valueStart, further, found);
    if (arrived) found.push({ start: valueStart, end: valueEnd, change: arrived.change });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return at + 1;
}

function keyOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start);
  if (first === '{' || first === '[') return endOfNest(text, start);
  const scalar = /[^\s,}\]]*/y;
  scalar.lastIndex = start;
  scalar.test(text);
  return scalar.lastIndex;
}

function endOfNest(text: string, start: number): number {
  const mark = /["{}[\]]/g;
  mark.lastIndex = start;
  let depth = 0;
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    const sign = match[0];
    if (sign === '"') mark.lastIndex = endOfString(text, match.index);
    else if (sign === '{' || sign === '[') depth += 1;
    else depth -= 1;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}

/** Behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote === -1 ? text.length : quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}
