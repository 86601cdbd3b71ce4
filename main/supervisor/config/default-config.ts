/**
 * The `supervisor.toml` that a new user gets: every section with every key, its meaning, range and
 * default, generated from the schema. All keys are commented out, so that a default that a later
 * version improves takes effect.
 */
import { expectation, type KeyInfo, type SectionInfo } from '../../../shared/config-key-info.ts';
import { configSections } from '../../../shared/config-keys.ts';
import { createFile } from './write-file.ts';

const lineWidth = 100;

const introduction = [
  'Configuration of the Project Memory Supervisor.',
  'Every key may be absent; the values shown are the defaults, or examples where there is none. To change one, remove the # before it.',
];

/** The text of the default file. */
export const defaultConfigText = [introduction.flatMap(wrap), ...configSections.map(sectionLines)]
  .map((lines) => `${lines.join('\n')}\n`)
  .join('\n');

/** Writes the default file unless there is a file already; says whether it did. */
export async function writeDefaultConfig(path: string): Promise<boolean> {
  return createFile(path, defaultConfigText);
}

function sectionLines(section: SectionInfo): string[] {
  const header = section.repeated ? `#[[${section.path}]]` : `[${section.path}]`;
  return [
    ...wrap(section.description),
    header,
    ...section.keys.flatMap((key) => ['', ...keyLines(key)]),
  ];
}

function keyLines(key: KeyInfo): string[] {
  return [...wrap(helpOf(key)), `#${assignment(key)}`];
}

function helpOf(key: KeyInfo): string {
  const status = key.required ? ' Required.' : key.fallback === undefined ? ' No default.' : '';
  return key.description + accepts(key) + status;
}

/** The range, where the value shown does not make plain what is accepted. */
function accepts(key: KeyInfo): string {
  if (key.min === null && key.words.length === 0) return '';
  const words = expectation(key);
  return ` ${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

/** `port = 3457`, as TOML writes it. */
function assignment(key: KeyInfo): string {
  const isEmpty = key.type === 'list' || key.type === 'table';
  const value = isEmpty ? key.example : (key.fallback ?? key.example);
  const text = key.type === 'number' && Number.isInteger(value) ? `${value}.0` : tomlValue(value);
  return `${key.name} = ${text}`;
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([name, each]) => `${tomlKey(name)} = ${tomlValue(each)}`,
    );
    return `{ ${entries.join(', ')} }`;
  }
  // Single quotes keep the backslashes of Windows paths readable.
  if (typeof value === 'string' && value.includes('\\')) return `'${value}'`;
  return JSON.stringify(value);
}

/** Only simple names may stand without quotes; a dot would begin a table. */
function tomlKey(name: string): string {
  return /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
}

/** Comment lines of at most `lineWidth` characters. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > lineWidth) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
