/**
 * Reads `supervisor.toml`: text in, a complete configuration or the reasons against it out. Every
 * problem has a line and column, and nothing throws: whatever is wrong with the file is a problem.
 * Errors forbid the use of the file; warnings and notices do not.
 */
import { readFile, stat } from 'node:fs/promises';
import { type Config, configSchema } from '../../../shared/config-schema.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { ConfigProblem } from '../../../shared/status.ts';
import { contradictions } from './check-meaning.ts';
import { schemaErrors, unknownKeys } from './check-schema.ts';
import { hashOf } from './content-hash.ts';
import { readToml } from './toml-document.ts';
import { codeOf } from './write-file.ts';

/** Larger files are no configuration but a mistake. */
export const maxConfigBytes = 1024 * 1024;

export interface ParsedConfig {
  /** Null exactly when there is an error among the problems. */
  readonly config: Config | null;
  /** In the order of the file. */
  readonly problems: readonly ConfigProblem[];
}

export interface LoadedConfig extends ParsedConfig {
  /** What the file says, without byte order mark; null when it could not be read as text. */
  readonly text: string | null;
  /** What the file says as it is; bytes that are not UTF-8 are U+FFFD. Empty when it could not be read. */
  readonly raw: string;
  /** Tells one content of the file from another; empty when there is no file. SHA-256 of the bytes, in hex. */
  readonly hash: string;
}

/**
 * Parses a configuration text. A byte order mark is ignored, also in columns; line ends may be LF
 * or CRLF.
 */
export function parseConfig(text: string): ParsedConfig {
  if (Buffer.byteLength(text) > maxConfigBytes) return refused(tooLarge);
  const result = readToml(withoutMark(text));
  if (!result.ok) return { config: null, problems: [result.problem] };
  const problems = [
    ...schemaErrors(result.document),
    ...unknownKeys(result.document),
    ...contradictions(result.document),
  ].toSorted((left, right) => left.line - right.line || left.column - right.column);
  if (problems.some((problem) => problem.severity === 'error')) return { config: null, problems };
  return { config: configSchema.parse(result.document.data), problems };
}

/**
 * The sections of a refused text that are right by themselves, the others as they are by default. Of a
 * text that is not TOML nothing is known.
 */
export function usableSections(text: string): Config {
  const result = readToml(withoutMark(text));
  const data = result.ok ? result.document.data : {};
  const usable = Object.entries(configSchema.unwrap().shape).flatMap(([name, schema]) =>
    schema.safeParse(data[name]).success ? [[name, data[name]] as const] : [],
  );
  return configSchema.parse(Object.fromEntries(usable));
}

/** Reads and parses a file; one that is missing or unreadable has an error at its beginning. */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  let bytes: Buffer;
  try {
    const { size, isFile, mtimeMs } = await factsOf(path);
    if (!isFile) return { ...refused('this is not a file'), ...unread };
    if (size > maxConfigBytes)
      return { ...refused(tooLarge), ...unread, hash: hashOf(`${size} ${mtimeMs}`) };
    bytes = await readFile(path);
  } catch (error) {
    const isMissing = codeOf(error) === 'ENOENT';
    const message = isMissing ? 'there is no such file' : `cannot be read: ${messageOf(error)}`;
    return { ...refused(message), ...unread };
  }
  const file = { raw: bytes.toString('utf8'), hash: hashOf(bytes) };
  const text = decode(bytes);
  if (text === null) return { ...refusedBytes(bytes), text: null, ...file };
  return { ...parseConfig(text), text: withoutMark(text), ...file };
}

const unread = { text: null, raw: '', hash: '' };

const tooLarge = `the file is larger than ${maxConfigBytes / 1024 / 1024} MiB`;

function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function refused(message: string, line = 1, column = 1): ParsedConfig {
  const place = { line, column, endLine: line, endColumn: column };
  return { config: null, problems: [{ severity: 'error', message, ...place, path: '' }] };
}

/** Asked before opening: to open a named pipe would wait for its writer. */
async function factsOf(path: string) {
  const facts = await stat(path);
  return { size: facts.size, mtimeMs: facts.mtimeMs, isFile: facts.isFile() };
}

/** The text of UTF-8 bytes, or null; `partial` allows an unfinished character at the end. */
function decode(bytes: Uint8Array, partial = false): string | null {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: partial });
  } catch {
    return null;
  }
}

/** Says where the first byte is that is not UTF-8, and what the file probably is instead. */
function refusedBytes(bytes: Buffer): ParsedConfig {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return refused('the file is UTF-16; save it as UTF-8');
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (decode(bytes.subarray(0, middle), true) === null) bad = middle;
    else good = middle;
  }
  const before = withoutMark(decode(bytes.subarray(0, good), true) ?? '').split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  return refused('this is not UTF-8 text; save the file as UTF-8', before.length, column);
}
