/**
 * Starting at log-in, on three systems. Linux has a file in the autostart folder, which is ours to write
 * (Electron does nothing there); Windows and macOS are asked through Electron. What the user has
 * switched off in the Task Manager or the settings stays off: an item that is there is left alone.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CodedError } from '../../shared/errors.ts';
import { configurationKey } from './start-arguments.ts';

export interface LoginItemOptions {
  readonly app: Pick<Electron.App, 'getLoginItemSettings' | 'setLoginItemSettings'>;
  readonly platform: NodeJS.Platform;
  readonly isPackaged: boolean;
  /** The program and its arguments, to be started in the tray. */
  readonly command: readonly [string, ...string[]];
  /** `~/.config`, or what XDG_CONFIG_HOME says. */
  readonly configHome: string;
  /** Tells the items of two configurations apart; empty for the usual one. */
  readonly key: string;
}

/** The item of this program, started with `configFile` or, undefined, the usual configuration. */
export function loginItemOf(
  app: LoginItemOptions['app'] & Pick<Electron.App, 'getAppPath' | 'getPath' | 'isPackaged'>,
  { env, execPath, platform }: Pick<NodeJS.Process, 'env' | 'execPath' | 'platform'>,
  configFile: string | undefined,
): LoginItemOptions {
  const { isPackaged } = app;
  const named = configFile === undefined ? null : resolve(configFile);
  return {
    app,
    platform,
    isPackaged,
    command: startCommand({
      isPackaged,
      execPath,
      appPath: app.getAppPath(),
      env,
      configFile: named,
    }),
    configHome: env['XDG_CONFIG_HOME'] ?? join(app.getPath('home'), '.config'),
    key: named === null ? '' : `-${configurationKey(named)}`,
  };
}

/** Registers the program or takes it away, unless it is so already. */
export async function setLoginItem(options: LoginItemOptions, wanted: boolean): Promise<void> {
  const { app, platform, isPackaged, command, configHome, key } = options;
  if (platform !== 'win32' && platform !== 'darwin') {
    const file = join(configHome, 'autostart', `project-memory-supervisor${key}.desktop`);
    await setAutostartFile(file, wanted ? autostartEntry(command) : null);
    return;
  }
  if (platform === 'darwin' && !isPackaged) {
    if (!wanted) return;
    throw new CodedError(
      'bad_request',
      'macOS starts a program at log-in only when it is packaged.',
    );
  }
  const [path, ...args] = command;
  // macOS registers the application itself, without arguments.
  const item = platform === 'win32' ? { path, args } : {};
  if (app.getLoginItemSettings(item).openAtLogin === wanted) return;
  app.setLoginItemSettings({ ...item, openAtLogin: wanted });
}

/** The text of the autostart file (Desktop Entry Specification 1.5, "The Exec key"). */
export function autostartEntry(command: readonly string[]): string {
  return `${[
    '[Desktop Entry]',
    'Type=Application',
    'Name=Project Memory Supervisor',
    'Comment=Keeps MCP servers running for all AI clients of this machine',
    `Exec=${command.map(quoted).join(' ')}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
  ].join('\n')}\n`;
}

/** How this program is started again: the AppImage or package itself, else the project's launcher. */
export function startCommand(place: {
  readonly isPackaged: boolean;
  readonly execPath: string;
  readonly appPath: string;
  readonly env: NodeJS.ProcessEnv;
  /** The configuration file that was named, or null. */
  readonly configFile: string | null;
}): readonly [string, ...string[]] {
  const { isPackaged, execPath, appPath, env, configFile } = place;
  const args = ['--hidden', ...(configFile === null ? [] : ['--config', configFile])];
  // An AppImage runs from a mount that is gone after the run; its file is named by the variable.
  if (isPackaged) return [env['APPIMAGE'] ?? execPath, ...args];
  return [env['PM_SUPERVISOR_NODE'] ?? 'node', join(appPath, 'scripts', 'start.mjs'), ...args];
}

async function setAutostartFile(file: string, text: string | null): Promise<void> {
  if (text === null) {
    await rm(file, { force: true });
    return;
  }
  const present = await readFile(file, 'utf8').catch(() => null);
  // `Hidden` and the GNOME key are how session settings switch an item off in place.
  if (present !== null && /^(Hidden=true|X-GNOME-Autostart-enabled=false)$/m.test(present)) return;
  if (present === text) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** In quotes, with the escapes of the Exec key and then those of any string; `%` would be a field code. */
function quoted(argument: string): string {
  const escaped = argument.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%');
  return `"${escaped.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}"`;
}
