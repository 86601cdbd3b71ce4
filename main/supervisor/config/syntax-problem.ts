/**
 * Turns the parser's refusal into a problem that a person can act on: cause, place, cure.
 */
import type { ConfigProblem } from '../../../shared/status.ts';
import { type Opening, openAt } from './open-brackets.ts';

/** What a parser says; line and column count from 1. */
export interface SyntaxFault {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

interface Context {
  readonly text: string;
  readonly lines: readonly string[];
  /** The line with the fault, and what begins at the fault. */
  readonly lineText: string;
  readonly rest: string;
  readonly fault: SyntaxFault;
  /** The fault is where the text ends. */
  readonly atEnd: boolean;
}

interface Problem {
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly length?: number;
}

/** The problem for a text that is not TOML. */
export function syntaxProblem(text: string, fault: SyntaxFault): ConfigProblem {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const lineText = lines[fault.line - 1] ?? '';
  const offset = offsetOf(text, fault);
  const atEnd = offset >= text.trimEnd().length;
  const rest = lineText.slice(fault.column - 1);
  const context: Context = { text, lines, lineText, rest, fault, atEnd };
  const problem = findOpening(context, openAt(text, offset)) ?? findCause(context);
  const line = problem.line ?? fault.line;
  const column = problem.column ?? fault.column;
  const length = problem.length ?? tokenLength((lines[line - 1] ?? '').slice(column - 1));
  return {
    severity: 'error',
    message: problem.message,
    line,
    column,
    endLine: line,
    endColumn: column + length,
    path: '',
  };
}

function offsetOf(text: string, { line, column }: SyntaxFault): number {
  let offset = 0;
  for (let at = 1; at < line; at += 1) {
    const end = text.indexOf('\n', offset);
    if (end === -1) break;
    offset = end + 1;
  }
  return Math.min(offset + column - 1, text.length);
}

/** A forgotten closing bracket or quote, if that is what happened. */
function findOpening(context: Context, open: readonly Opening[]): Problem | null {
  const { fault, lines, lineText, atEnd } = context;
  const last = open.at(-1);
  if (last !== undefined && /["']/.test(last.mark)) {
    const { line, column } = last;
    const length = (lines[line - 1] ?? '').length - column + 1;
    return { message: notClosed(last), line, column, length };
  }
  const before = open.findLast((each) => atEnd || each.line < fault.line);
  if (before !== undefined && (atEnd || beginsStatement(lineText))) {
    const message = notClosed(before);
    if (atEnd) return { message };
    const column = lineText.search(/\S/) + 1;
    return { message, column, length: lineText.trim().length };
  }
  const header = /^\s*(\[\[(?!.*\]\])|\[(?!.*\]))/.exec(lineText)?.[1];
  if (header === undefined || open.length > 0) return null;
  const column = lineText.indexOf('[') + 1;
  const message = notClosed({ mark: header, line: fault.line });
  return { message, column, length: lineText.trim().length };
}

function notClosed({ mark, line }: Pick<Opening, 'mark' | 'line'>): string {
  const closing = closings[mark];
  if (closing === undefined)
    return `the string opened at line ${line} is not closed: it ends with ${mark}`;
  return `the "${mark}" opened at line ${line} is not closed: it ends with "${closing}"`;
}

const closings: Readonly<Record<string, string>> = { '[': ']', '{': '}', '[[': ']]' };

/** A line that can only be a new table or a new key. */
function beginsStatement(line: string): boolean {
  return /^\s*(?:\[\[?\s*[\w-][^,]*\]|[\w.-]+\s*=)/.test(line);
}

type Rule = readonly [said: RegExp, find: (context: Context) => Problem];

/** What the parser says, and what it means. */
const rules: readonly Rule[] = [
  [/^invalid value|^unfinished numeric value|^unrecognised character/, badValue],
  [/redefine/, definedTwice],
  [/leading zero/, ({ rest }) => ({ message: `${wordOf(rest)}: a number has no zero in front` })],
  [/invalid (?:date|time)/, () => ({ message: 'there is no such date or time' })],
  [/escape/, badEscape],
  [/unsafe property/, ({ rest }) => ({ message: `the key "${wordOf(rest)}" is not allowed` })],
  [/losslessly/, () => ({ message: 'the number is too large' })],
  [/followed by an end-of-line/, () => ({ message: 'expected the end of the line' })],
  [/comma or end/, () => ({ message: 'expected a comma or the closing bracket' })],
  [/cannot find end of key/, ({ rest }) => missingEquals(rest)],
  [/illegal character in key/, badKey],
  [/unexpected end of key/, () => ({ message: 'expected a name before this' })],
  [/^unfinished (?:array|inline table|string)/, ({ fault, rest }) => unfinished(fault.line, rest)],
];

function findCause(context: Context): Problem {
  const rule = rules.find(([said]) => said.test(context.fault.message));
  return rule === undefined ? { message: context.fault.message } : rule[1](context);
}

function badValue({ rest, lineText, fault }: Context): Problem {
  const word = /^[^\s,#\]}]*/.exec(rest)?.[0] ?? '';
  if (word === '') {
    const key = /^\s*([^\s=]+)\s*=/.exec(lineText)?.[1];
    const column = Math.max(1, lineText.trimEnd().length);
    if (key === undefined) return { message: 'expected a value' };
    return { message: `expected a value after "${key} ="`, column: Math.min(column, fault.column) };
  }
  if (word.startsWith('=')) return { message: 'expected a value, found "="', length: 1 };
  if (/^(?:true|yes|on)$/i.test(word)) return { message: `expected true, found ${word}` };
  if (/^(?:false|no|off)$/i.test(word)) return { message: `expected false, found ${word}` };
  if (/^[\d.+-]/.test(word)) return { message: `${word} is not a number that TOML knows` };
  // Problems are logged; what looks like a secret is not repeated.
  if (/key|token|secret|password/i.test(lineText)) return { message: 'text needs quotes' };
  return { message: `text needs quotes: expected "${word}", found ${word}` };
}

function definedTwice({ rest, lines, lineText, fault }: Context): Problem {
  const before = lines.slice(0, fault.line - 1);
  const isHeader = /^\s*\[/.test(lineText);
  const name = isHeader ? lineText.replace(/#.*/, '').trim() : wordOf(rest);
  const tableStart = isHeader ? -1 : before.findLastIndex((line) => /^\s*\[/.test(line));
  const first = before.findIndex(
    (line, index) =>
      index > tableStart &&
      (isHeader ? line.replace(/#.*/, '').trim() === name : keyOf(line) === name),
  );
  const where = first === -1 ? '' : ` (first at line ${first + 1})`;
  return { message: `${name} is already defined${where}` };
}

function badEscape({ lineText, fault }: Context): Problem {
  const column = lineText.lastIndexOf('\\', fault.column - 1) + 1;
  return {
    message:
      'a backslash in "…" begins an escape sequence: write \\\\ for each, or use single quotes: \'C:\\folder\'',
    column: column > 0 ? column : fault.column,
    length: 2,
  };
}

function missingEquals(rest: string): Problem {
  return { message: `expected "${wordOf(rest)} = value"` };
}

function badKey({ rest, lineText }: Context): Problem {
  if (rest.startsWith(':')) return { message: 'expected "=", found ":"' };
  const key = wordOf(lineText.trim());
  if (key === '') return { message: `a key cannot contain ${rest.charAt(0)}` };
  const message = `expected "=" after "${key}"`;
  if (rest.trim() !== '') return { message };
  return { message, column: lineText.indexOf(key) + 1, length: key.length };
}

function unfinished(line: number, rest: string): Problem {
  const mark = /^(?:"""|'''|.)/.exec(rest)?.[0] ?? '';
  return { message: notClosed({ mark, line }), length: rest.length };
}

function keyOf(line: string): string | undefined {
  return /^\s*([^\s=]+)\s*=/.exec(line)?.[1];
}

function wordOf(text: string): string {
  return /^[\w.-]*/.exec(text)?.[0] ?? '';
}

/** At least one character where there is one. */
function tokenLength(rest: string): number {
  const token = /^[^\s,=#[\]{}]+/.exec(rest)?.[0];
  return token?.length ?? Math.min(1, rest.length);
}
