/**
 * The last versions of a configuration file, whoever wrote them: what was valid is kept, so that a
 * mistake can be undone. In the data folder and not beside the file, which others may publish with
 * their other settings; readable by the user only, because there may be secrets in it.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigVersionInfo } from '../../../shared/config-change.ts';
import { CodedError } from '../../../shared/errors.ts';
import { hashOf } from './content-hash.ts';
import { codeOf, replaceFile } from './write-file.ts';

/** Versions that are kept. */
const maxVersions = 10;

/** `20261123T001500123Z-0123456789ab`: when it was first seen, and the beginning of its hash. */
const idPattern = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([0-9a-f]{12})$/;

interface Kept {
  readonly id: string;
  readonly at: string;
}

export class ConfigHistory {
  readonly #folder: string;
  /** One after the other: they look for what to delete. */
  #turn: Promise<void> = Promise.resolve();

  /** `dataFolder`: as `dataFolder(null, …)` tells it, for any configuration. */
  constructor({
    dataFolder,
    configPath,
  }: { readonly dataFolder: string; readonly configPath: string }) {
    this.#folder = join(dataFolder, `config-history-${hashOf(configPath).slice(0, 12)}`);
  }

  /** Keeps a text, unless it is the newest one already. Rejects with what the disk says. */
  keep(text: string): Promise<void> {
    const kept = this.#turn.then(() => this.#keep(text));
    this.#turn = kept.catch(() => {});
    return kept;
  }

  /** The newest first. */
  async list(): Promise<readonly ConfigVersionInfo[]> {
    const versions = await Promise.all(
      (await this.#all()).map(async ({ id, at }): Promise<ConfigVersionInfo | null> => {
        const bytes = await readFile(this.#file(id)).catch(() => null);
        return bytes && { id, at, bytes: bytes.length, hash: hashOf(bytes) };
      }),
    );
    return versions.filter((version) => version !== null);
  }

  /** Throws `not_found`. */
  async read(
    id: string,
  ): Promise<{ readonly id: string; readonly at: string; readonly text: string }> {
    const found = (await this.#all()).find((each) => each.id === id);
    const text = found && (await readFile(this.#file(id), 'utf8').catch(() => undefined));
    if (found === undefined || text === undefined) {
      throw new CodedError(
        'not_found',
        'There is no such version; perhaps it was too old to keep.',
      );
    }
    return { ...found, text };
  }

  async #keep(text: string): Promise<void> {
    const known = await this.#all();
    const hash = hashOf(text).slice(0, 12);
    if (known[0]?.id.endsWith(hash)) return;
    const newest = known[0] === undefined ? 0 : Date.parse(known[0].at);
    // Two in one millisecond, or a clock set back: the order is that of the writes.
    const at = new Date(Math.max(Date.now(), newest + 1));
    const stamp = at.toISOString().replaceAll(/[-:.]/g, '');
    await replaceFile(this.#file(`${stamp}-${hash}`), text);
    for (const { id } of known.slice(maxVersions - 1)) await rm(this.#file(id), { force: true });
  }

  /** The newest first. */
  async #all(): Promise<readonly Kept[]> {
    let names: readonly string[];
    try {
      names = await readdir(this.#folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
    return names
      .flatMap((name) => {
        const id = name.replace(/\.toml$/, '');
        const parts = idPattern.exec(id);
        if (parts === null) return [];
        const [, year, month, day, hour, minute, second, ms] = parts;
        return [{ id, at: `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z` }];
      })
      .toSorted((one, other) => (one.id < other.id ? 1 : -1));
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.toml`);
  }
}
