/** The token of the status page, the gateway and TCP, as the supervisor of this configuration has it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { thisMachine } from '../client/addresses.ts';
import { configPath, dataFolder } from '../main/supervisor/config/config-path.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The configuration file that is meant; absolute. */
export function configFile(option: string | null, env: Environment, cwd: string): string {
  return configPath({ ...thisMachine(env), option, cwd });
}

/** Null when there is none yet, or it cannot be read. */
export async function accessToken(
  option: string | null,
  env: Environment,
  cwd: string,
): Promise<string | null> {
  // The schema is large: loaded only where a token is asked for.
  const { loadConfig } = await import('../main/supervisor/config/load-config.ts');
  const path = configFile(option, env, cwd);
  const { config } = await loadConfig(path);
  if (config?.auth.api_key !== undefined) return config.auth.api_key;
  const folder = dataFolder(config, { ...thisMachine(env), configPath: path });
  const text = await readFile(join(folder, 'control-token'), 'utf8').catch(() => '');
  return text.trim() || null;
}
