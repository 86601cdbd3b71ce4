import { isAbsolute, join } from 'node:path';

/** What decides where the data is. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/**
 * The folder of `memory.db`: `PM_DATA_ROOT`, else `ProjectMemory` in `%APPDATA%` (Windows) or in
 * `$XDG_DATA_HOME` or `~/.local/share` (elsewhere). The memory server looks in the same places.
 */
export function findDataRoot({ env, home, platform }: Surroundings): string {
  const chosen = env['PM_DATA_ROOT'];
  if (chosen) return chosen;
  if (platform === 'win32')
    return join(env['APPDATA'] || join(home, 'AppData', 'Roaming'), 'ProjectMemory');
  const xdg = env['XDG_DATA_HOME'];
  // XDG Base Directory 0.8: a relative path is invalid and must be ignored.
  const base = xdg && isAbsolute(xdg) ? xdg : join(home, '.local', 'share');
  return join(base, 'ProjectMemory');
}
