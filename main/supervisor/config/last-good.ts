/**
 * A copy of the last configuration that was valid, so that a file broken by a typing mistake does
 * not take the services down. It is kept in the data folder, one for each configuration file. Use
 * `dataFolder(null, …)`: when the file is broken, its `data_dir` cannot be asked.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, type ParsedConfig } from './load-config.ts';
import { codeOf, replaceFile } from './write-file.ts';

export interface LastGoodPlace {
  readonly dataFolder: string;
  /** The file that this is a copy of. */
  readonly configPath: string;
}

export interface LastGood extends ParsedConfig {
  readonly text: string;
}

/** Where the copy of a configuration file is kept. */
export function lastGoodPath({ dataFolder, configPath }: LastGoodPlace): string {
  const hash = createHash('sha256').update(configPath).digest('hex').slice(0, 12);
  return join(dataFolder, `last-good-${hash}.toml`);
}

/** Keeps a text that was parsed without errors. */
export async function saveLastGood(place: LastGoodPlace, text: string): Promise<void> {
  const path = lastGoodPath(place);
  try {
    if ((await readFile(path, 'utf8')) === text) return;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  await replaceFile(path, text);
}

/** The copy and what it says; null when there is none, or none that this version accepts. */
export async function loadLastGood(place: LastGoodPlace): Promise<LastGood | null> {
  const { config, problems, text } = await loadConfig(lastGoodPath(place));
  return config === null || text === null ? null : { config, problems, text };
}
