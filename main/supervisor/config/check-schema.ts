/**
 * Holds a parsed file against the schema. Wrong values are errors, unknown keys warnings, keys of
 * the old supervisor notices; each stands at the token it is about.
 */
import {
  expectation,
  type KeyInfo,
  type KeyType,
  type SectionInfo,
} from '../../../shared/config-key-info.ts';
import { configSections } from '../../../shared/config-keys.ts';
import { legacyKeys } from '../../../shared/config-legacy.ts';
import { configSchema } from '../../../shared/config-schema.ts';
import type { ConfigProblem } from '../../../shared/status.ts';
import { didYouMean } from './nearest.ts';
import { headerRange, type KeyPath, keyRange, type TextRange, valueRange } from './places.ts';
import type { TomlDocument, TomlTable } from './toml-document.ts';

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

const sections = new Map(configSections.map((section) => [section.path, section]));
const legacy = new Map(legacyKeys.map((key) => [key.path, key]));

/** Every key of the file, by its dotted path without list indexes. */
const keys: ReadonlyMap<string, KeyInfo> = new Map(
  configSections.flatMap((section) =>
    section.keys.map((key) => [`${section.path}.${key.name}`, key] as const),
  ),
);

/** One problem at one place. */
export function problemAt(
  range: TextRange,
  severity: ConfigProblem['severity'],
  path: KeyPath,
  message: string,
): ConfigProblem {
  return { severity, message, ...range, path: path.join('.') };
}

export function isTable(value: unknown): value is TomlTable {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** The value at a path of the file, or undefined. */
export function valueAt(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const segment of path) {
    if (Array.isArray(value) && typeof segment === 'number') value = value[segment];
    else if (isTable(value) && Object.hasOwn(value, segment)) value = value[String(segment)];
    else return undefined;
  }
  return value;
}

/** The dotted path without list indexes, as the schema knows it. */
function schemaPath(path: KeyPath): string {
  return path.filter((segment) => typeof segment === 'string').join('.');
}

/** Wrong types, values out of range, missing keys; one problem a value. */
export function schemaErrors(document: TomlDocument): ConfigProblem[] {
  const issues = configSchema.safeParse(document.data).error?.issues ?? [];
  const firsts = new Map<string, ConfigProblem>();
  for (const issue of issues) {
    const problem = errorOf(document, issue);
    if (!firsts.has(problem.path)) firsts.set(problem.path, problem);
  }
  return [...firsts.values()];
}

function errorOf({ data, places }: TomlDocument, issue: Issue): ConfigProblem {
  const path = issue.path.map((each) => (typeof each === 'number' ? each : String(each)));
  if (issue.code === 'invalid_key') {
    const reason = issue.issues[0]?.message ?? 'is not a valid name';
    return problemAt(keyRange(places, path), 'error', path, `${schemaPath(path)}: ${reason}`);
  }
  const message = messageOf(issue, path, valueAt(data, path));
  return problemAt(valueRange(places, path), 'error', path, message);
}

function messageOf(issue: Issue, path: KeyPath, value: unknown): string {
  const name = schemaPath(path);
  const section = sections.get(name);
  if (section !== undefined) return sectionMessage(section, value);
  if (value === undefined) return missingMessage(path);
  const key = keyOf(path);
  // What was found may be half a secret, and problems are logged.
  if (key.isSecret)
    return `${name}: ${typeof value === 'string' ? issue.message : `expected ${key.expected}`}`;
  const isNumber = key.type === 'whole number' || key.type === 'number';
  if (isNumber || issue.code === 'invalid_type' || issue.code === 'invalid_value')
    return `${name}: expected ${key.expected}, found ${found(value, key)}`;
  // The schema's own words; some say themselves what they found.
  const tail = issue.message.includes(', found ') ? '' : `, found ${shown(value)}`;
  return `${name}: ${issue.message}${tail}`;
}

interface Expected {
  readonly type: KeyType;
  readonly expected: string;
  readonly words: readonly string[];
  readonly isSecret: boolean;
}

/** What may stand at a path: a key's value, or one text of a list or table of texts. */
function keyOf(path: KeyPath): Expected {
  const key = keys.get(schemaPath(path));
  // The only tables of texts are environments, and those are where tokens are.
  if (key === undefined || typeof path.at(-1) === 'number')
    return { type: 'text', expected: 'text in quotes', words: [], isSecret: key === undefined };
  const { type, words, isSecret } = key;
  return { type, expected: expectation(key), words, isSecret };
}

function missingMessage(path: KeyPath): string {
  const name = String(path.at(-1));
  const example = keys.get(schemaPath(path))?.example;
  const cure =
    example === undefined ? '' : `: add, for example, ${name} = ${JSON.stringify(example)}`;
  return `${schemaPath(path)} is missing${cure}`;
}

function sectionMessage({ path, repeated }: SectionInfo, value: unknown): string {
  if (repeated && isTable(value)) return `[${path}] needs two brackets: [[${path}]]`;
  if (!repeated && Array.isArray(value)) return `[[${path}]] needs one pair of brackets: [${path}]`;
  const header = repeated ? `[[${path}]]` : `[${path}]`;
  return `expected the section ${header}, found ${shown(value)}`;
}

/** What was found, with the cure where it is plain. */
function found(value: unknown, { type, words }: Expected): string {
  const seen = shown(value);
  if (type === 'choice' && typeof value === 'string') return seen + didYouMean(value, words);
  if (type === 'list' && typeof value === 'string')
    return `${seen} (write it in brackets: [${seen}])`;
  if (type === 'text' && (typeof value === 'number' || typeof value === 'boolean'))
    return `${seen} (write it in quotes: "${seen}")`;
  const bare = type === 'flag' ? /^(?:true|false)$/ : /^-?\d+(?:\.\d+)?$/;
  if (type !== 'table' && typeof value === 'string' && bare.test(value))
    return `${seen} (write it without quotes: ${value})`;
  return seen;
}

function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  if (value instanceof Date) return 'a date';
  if (Array.isArray(value)) return 'a list';
  return isTable(value) ? 'a table' : String(value);
}

/** Keys that the schema does not know: those of the old supervisor, and mistakes. */
export function unknownKeys(document: TomlDocument): ConfigProblem[] {
  return [...walk(document, [], document.data)];
}

function* walk(document: TomlDocument, path: KeyPath, table: TomlTable): Generator<ConfigProblem> {
  for (const [name, value] of Object.entries(table)) {
    const here = [...path, name];
    // A quoted key with a dot in it is not the path that it looks like.
    const dotted = name.includes('.') ? '' : schemaPath(here);
    const old = legacy.get(dotted);
    if (sections.has(dotted)) {
      if (isTable(value)) yield* walk(document, here, value);
      for (const [index, each] of (Array.isArray(value) ? value : []).entries())
        if (isTable(each)) yield* walk(document, [...here, index], each);
    } else if (old !== undefined) {
      const title = path.length === 0 || isTable(value) ? `[${dotted}]` : dotted;
      const range = headerRange(document.places, here);
      yield problemAt(range, 'notice', here, `${title} ${old.notice}`);
    } else if (!keys.has(dotted)) {
      const range = keyRange(document.places, here);
      yield problemAt(range, 'warning', here, unknownMessage(path, name));
    }
  }
}

function unknownMessage(path: KeyPath, name: string): string {
  const parent = schemaPath(path);
  const siblings = namesIn(parent);
  const title =
    parent === '' ? `unknown section or key "${name}"` : `unknown key "${name}" in [${parent}]`;
  const guess = didYouMean(name, siblings);
  if (guess !== '') return title + guess;
  const homes = [...keys.keys()].filter((each) => each.endsWith(`.${name}`));
  if (homes.length === 0) return title;
  const shownHomes = homes.map((each) => `[${each.slice(0, each.lastIndexOf('.'))}]`);
  return `${title}; it belongs in ${shownHomes.slice(0, 3).join(', ')}`;
}

/** The keys and sub-sections of a section; the top-level sections for ''. */
function namesIn(parent: string): string[] {
  const prefix = parent === '' ? '' : `${parent}.`;
  const names = [...sections.keys(), ...keys.keys()]
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
  return names.filter((name) => !name.includes('.'));
}
