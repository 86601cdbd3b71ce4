/** The command line as Electron hands it over, reduced to what is meant for the supervisor. */
import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Chromium's and Node's switches that people (and test tools) give to an Electron program. */
const hostSwitches = [
  /^--no-sandbox$/,
  /^--disable-/,
  /^--enable-/,
  /^--force-/,
  /^--gtk-version=/,
  /^--inspect(-brk)?(=|$)/,
  /^--ozone-platform(-hint)?=/,
  /^--remote-debugging-/,
  /^--user-data-dir=/,
  /^--use-(gl|angle)=/,
  /^--original-process-start-time=/,
  /^-psn_/, // macOS adds a process serial number when Finder starts a program.
];

/**
 * Drops the executable, the path of the application (`electron .`, not in a packaged program) and
 * the switches of Chromium; the rest is ours.
 */
export function startArguments(
  argv: readonly string[],
  startedBy: 'electron-command' | 'package',
): readonly string[] {
  const ours = argv.slice(1).filter((each) => !hostSwitches.some((known) => known.test(each)));
  return startedBy === 'electron-command' ? ours.slice(1) : ours;
}

/**
 * The folder of Electron's own data. Its single-instance lock lives there, and one instance per
 * configuration is the rule, so each named configuration file has a folder of its own.
 */
export function userDataFolder(base: string, configFile: string | undefined): string {
  if (configFile === undefined) return base;
  return join(base, 'configurations', configurationKey(configFile));
}

/** Names a configuration file in a file name. */
export function configurationKey(configFile: string): string {
  return createHash('sha256').update(resolve(configFile)).digest('hex').slice(0, 16);
}
