import { parse, TomlError } from 'smol-toml';
import { ParseError, parseTOML } from 'toml-eslint-parser';
import type { ConfigProblem } from '../../../shared/status.ts';
import { type Place, placesOf } from './places.ts';
import { syntaxProblem } from './syntax-problem.ts';

export type TomlTable = Readonly<Record<string, unknown>>;

/** What a TOML text says, and where it says it. */
export interface TomlDocument {
  readonly data: TomlTable;
  readonly places: Place;
}

export type TomlResult =
  | { readonly ok: true; readonly document: TomlDocument }
  | { readonly ok: false; readonly problem: ConfigProblem };

/**
 * Reads a TOML text (without byte order mark). Two parsers look at it: smol-toml gives the values,
 * toml-eslint-parser the positions; a text is accepted when both understand it.
 */
export function readToml(text: string): TomlResult {
  try {
    const data = parse(text, { unsafeKeyBehaviour: 'throw', maxDepth: 100 });
    const program = parseTOML(text, { tomlVersion: '1.1' });
    return { ok: true, document: { data, places: placesOf(program, text) } };
  } catch (error) {
    return { ok: false, problem: problemOf(text, error) };
  }
}

function problemOf(text: string, error: unknown): ConfigProblem {
  if (error instanceof TomlError) {
    const message = error.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '') ?? '';
    return syntaxProblem(text, { message, line: error.line, column: error.column });
  }
  if (error instanceof ParseError) {
    const { message, lineNumber, column } = error;
    return syntaxProblem(text, { message, line: lineNumber, column: column + 1 });
  }
  throw error;
}
