/**
 * Where the supervisor's files are. Pure: what the machine says comes in as an argument.
 */
import { posix, win32 } from 'node:path';
import type { Config } from '../../../shared/config-schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The facts about the machine and the user that decide about folders. */
export interface Machine {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  readonly homedir: string;
}

const application = 'ProjectMemory';

function pathsOf(platform: NodeJS.Platform) {
  return platform === 'win32' ? win32 : posix;
}

/** A variable that is set and not empty. */
function variable(env: Environment, name: string): string | null {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? null : value;
}

/** `%APPDATA%`, on Windows. */
function appData({ env, platform }: Machine): string | null {
  return platform === 'win32' ? variable(env, 'APPDATA') : null;
}

/** A folder that the XDG specification names; it asks to ignore relative ones. */
export function xdgFolder({ env, platform }: Machine, name: string): string | null {
  const folder = platform === 'win32' ? null : variable(env, name);
  return folder !== null && posix.isAbsolute(folder) ? folder : null;
}

/**
 * The configuration file: `--config`, `PM_SUPERVISOR_CONFIG`, then the place where the old
 * supervisor had it, which its clients know (`~/.config` even where XDG_CONFIG_HOME says otherwise).
 * Always absolute.
 */
export function configPath(
  where: Machine & { readonly option: string | null; readonly cwd: string },
): string {
  const paths = pathsOf(where.platform);
  const chosen = where.option ?? variable(where.env, 'PM_SUPERVISOR_CONFIG');
  if (chosen !== null) return paths.resolve(where.cwd, chosen);
  const base = appData(where) ?? paths.join(where.homedir, '.config');
  return paths.join(base, application, 'supervisor.toml');
}

/**
 * The folder for logs, journal and other data: `supervisor.data_dir`, `PM_DATA_ROOT`, then the
 * system's usual place. Without a configuration (it is broken, or not read yet): as if it had no
 * `data_dir`.
 */
export function dataFolder(
  config: Config | null,
  where: Machine & { readonly configPath: string },
): string {
  const paths = pathsOf(where.platform);
  const chosen = config?.supervisor.data_dir;
  if (chosen !== undefined) return resolveFolder(chosen, where);
  const root = variable(where.env, 'PM_DATA_ROOT');
  if (root !== null) return root;
  const base =
    appData(where) ??
    xdgFolder(where, 'XDG_DATA_HOME') ??
    paths.join(where.homedir, '.local', 'share');
  return paths.join(base, application);
}

/**
 * The folder that a `working_dir` or `data_dir` means: `~` is the home folder, relative ones count
 * from the folder of the configuration file. Always absolute.
 */
export function resolveFolder(
  folder: string,
  { platform, homedir, configPath: file }: Omit<Machine, 'env'> & { readonly configPath: string },
): string {
  const paths = pathsOf(platform);
  const separators = platform === 'win32' ? /^~(?:[\\/]|$)/ : /^~(?:\/|$)/;
  if (separators.test(folder)) return paths.join(homedir, folder.slice(1));
  return paths.resolve(paths.dirname(file), folder);
}

/**
 * The folder for sockets and locks, which needs not survive a restart of the machine. In a shared
 * temporary folder the name carries the user's id.
 */
export function runtimeFolder(
  where: Pick<Machine, 'env' | 'platform'> & {
    readonly tmpdir: string;
    /** `process.getuid()`, or the user's name where there is no such number. */
    readonly uid: number | string;
  },
): string {
  const paths = pathsOf(where.platform);
  const base = xdgFolder({ ...where, homedir: '' }, 'XDG_RUNTIME_DIR');
  if (base !== null) return paths.join(base, 'project-memory-supervisor');
  return paths.join(where.tmpdir, `project-memory-supervisor-${where.uid}`);
}
