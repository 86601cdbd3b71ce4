/**
 * How a command of the configuration is found and started on Windows. Names such as `npx` stand for
 * files such as `npx.cmd`, which only cmd.exe can run (CreateProcess knows programs alone, and Node
 * refuses batch files without a shell since CVE-2024-27980). Everything here is pure but the look at
 * the disk, which comes in as a function, so that it can be tested on any system.
 */
import { win32 } from 'node:path';

/** What Windows takes for a program when PATHEXT does not say. */
const defaultPathExt = '.COM;.EXE;.BAT;.CMD';

export interface WindowsCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The arguments are one finished command line: they must be passed on without quoting. */
  readonly verbatim: boolean;
}

export interface WindowsPlace {
  /** Names are compared as Windows does it: `Path` is `PATH`. */
  readonly env: NodeJS.ProcessEnv;
  /** Where relative names with a folder in them begin. */
  readonly workingDir: string;
  readonly isFile: (path: string) => boolean;
}

/**
 * The program behind a command. One that is not found is given back as it is: starting it then fails
 * with the system's own ENOENT, which is reported like everywhere else.
 */
export function windowsCommand(
  command: string,
  args: readonly string[],
  place: WindowsPlace,
): WindowsCommand {
  const file = findProgram(command, place) ?? command;
  if (!/\.(?:cmd|bat)$/i.test(file)) return { file, args, verbatim: false };
  const line = [escapeMeta(file), ...args.map(quoteForBatch)].join(' ');
  return {
    file: variable(place.env, 'COMSPEC') ?? 'cmd.exe',
    // /d: no AutoRun of the registry. /s: only the outer quotes are taken off.
    args: ['/d', '/s', '/c', `"${line}"`],
    verbatim: true,
  };
}

/** Looks a command up as cmd.exe does: folders of PATH, endings of PATHEXT. */
function findProgram(command: string, place: WindowsPlace): string | null {
  const { env, workingDir, isFile } = place;
  const endings = (variable(env, 'PATHEXT') ?? defaultPathExt).split(';').filter(Boolean);
  const isProgram = endings.some((each) => command.toLowerCase().endsWith(each.toLowerCase()));
  const names = isProgram ? [command] : endings.map((each) => command + each.toLowerCase());
  const folders = /[\\/]/.test(command)
    ? [workingDir]
    : (variable(env, 'PATH') ?? '').split(';').filter(Boolean);
  for (const folder of folders) {
    for (const name of names) {
      // An entry of PATH may be quoted, because of a semicolon in it.
      const path = win32.resolve(folder.replaceAll('"', ''), name);
      if (isFile(path)) return path;
    }
  }
  return null;
}

function variable(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const key = Object.keys(env).find((each) => each.toUpperCase() === name);
  return key === undefined ? undefined : env[key];
}

/** The characters that cmd.exe gives a meaning, each behind its escape. */
function escapeMeta(text: string): string {
  return text.replace(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}

/**
 * One argument for a batch file. First the quoting that programs undo (CommandLineToArgvW: a backslash
 * counts only before a quote), then the escape of cmd.exe, twice: a batch file passes `%*` on through
 * another round of it, as the shims of npm do.
 */
function quoteForBatch(argument: string): string {
  const quoted = `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\*)$/, '$1$1')}"`;
  return escapeMeta(escapeMeta(quoted));
}
