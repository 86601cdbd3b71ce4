/**
 * Programs and folders that are not there. These are warnings: a service without its program says so and
 * the others run, what is missing may be installed or mounted a moment later, and it must not stand in
 * the way of a change that has nothing to do with it.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { ConfigProblem } from '../../../shared/status.ts';
import { isTable, problemAt, valueAt } from './check-schema.ts';
import { type KeyPath, valueRange } from './places.ts';
import { readToml, type TomlDocument, type TomlTable } from './toml-document.ts';

/** What the machine says of programs and folders. */
export interface ProgramPlaces {
  /** The environment that services inherit. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Turns a `working_dir` of the file into an absolute folder. */
  readonly folder: (workingDir: string) => string;
}

/** The sections that name a program; the blocks of the repeated ones are added. */
const programSections: readonly (readonly [path: KeyPath, commandKey: string])[] = [
  [['mcp', 'node'], 'command'],
  [['dashboard'], 'command'],
  [['interactive_terminal'], 'command'],
  [['interactive_terminal'], 'shell'],
  [['fallback_api'], 'command'],
  [['brainstorm_gui'], 'command'],
  [['approval_gui'], 'command'],
];

/** A warning for each program and working folder that is missing, in the order of the file. Never throws. */
export async function missingPrograms(
  text: string,
  places: ProgramPlaces,
): Promise<readonly ConfigProblem[]> {
  const read = readToml(text);
  if (!read.ok) return [];
  const { document } = read;
  const blocks = ['servers', 'form_apps'].flatMap((name) => {
    const found = valueAt(document.data, [name]);
    return (Array.isArray(found) ? found : []).map(
      (_, index) => [[name, index], 'command'] as const,
    );
  });
  const found = await Promise.all(
    [...programSections, ...blocks].map(([path, key]) => problemsOf(document, path, key, places)),
  );
  return found.flat().toSorted((one, other) => one.line - other.line || one.column - other.column);
}

async function problemsOf(
  document: TomlDocument,
  path: KeyPath,
  commandKey: string,
  places: ProgramPlaces,
): Promise<readonly ConfigProblem[]> {
  const section = valueAt(document.data, path);
  if (!isTable(section) || isOff(document, path, section)) return [];
  const { working_dir: workingDir, env } = section;
  const command = section[commandKey];
  if (typeof command !== 'string' || command.trim() === '') return [];
  const warn = (key: string, message: string) => {
    const place = [...path, key];
    return [problemAt(valueRange(document.places, place), 'warning', place, message)];
  };
  const folder = typeof workingDir === 'string' ? resolve(places.folder(workingDir)) : null;
  if (folder !== null && !(await isFolder(folder)))
    return warn('working_dir', `there is no folder ${folder}: the program cannot start there`);
  const search = { ...places.env, ...(isTable(env) ? texts(env) : {}) };
  if (await isProgram(command, folder, search)) return [];
  const where = /[\\/]/.test(command) ? '' : ' in PATH';
  return warn(
    commandKey,
    `there is no program "${command}"${where}: install it, or correct the name`,
  );
}

/** Nobody starts it, so nothing is missing. */
function isOff({ data }: TomlDocument, path: KeyPath, section: TomlTable): boolean {
  if (section['enabled'] === false) return true;
  if (path[0] === 'fallback_api') return section['enabled'] !== true;
  if (path[0] !== 'mcp') return false;
  return (
    valueAt(data, ['mcp', 'enabled']) === false || valueAt(data, ['mcp', 'backend']) === 'container'
  );
}

function texts(table: TomlTable): Record<string, string> {
  const entries = Object.entries(table).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return Object.fromEntries(entries);
}

async function isProgram(
  command: string,
  folder: string | null,
  env: ProgramPlaces['env'],
): Promise<boolean> {
  const isPath = isAbsolute(command) || /[\\/]/.test(command);
  const folders = isPath
    ? [folder ?? process.cwd()]
    : (env['PATH'] ?? env['Path'] ?? '').split(delimiter);
  const endings =
    process.platform === 'win32' ? ['', ...(env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')] : [''];
  for (const place of folders) {
    for (const ending of endings) {
      const path = isAbsolute(command) ? command : join(place, command);
      if (await isRunnable(`${path}${ending}`)) return true;
    }
  }
  return false;
}

async function isRunnable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}
