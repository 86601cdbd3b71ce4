/** The keys that count from the next start of the supervisor on: until then, what it started with is what runs. */
import { restartKeys } from '../../shared/config-restart.ts';
import type { Config } from '../../shared/config-schema.ts';

type Section = Readonly<Record<string, unknown>>;

function setting(config: Config, path: string): unknown {
  const [section = '', key = ''] = path.split('.');
  return (config as unknown as Readonly<Record<string, Section>>)[section]?.[key];
}

/** The keys among them that a configuration has otherwise than it was at the start. */
export function restartNeeded(next: Config, started: Config): readonly string[] {
  return restartKeys.filter((path) => setting(next, path) !== setting(started, path));
}

/** A configuration as it can run now. */
export function runnable(next: Config, started: Config): Config {
  const sections: Record<string, Section> = {};
  for (const path of restartNeeded(next, started)) {
    const [section = '', key = ''] = path.split('.');
    const known = sections[section] ?? (next as unknown as Record<string, Section>)[section];
    sections[section] = { ...known, [key]: setting(started, path) };
  }
  return Object.freeze({ ...next, ...sections });
}
