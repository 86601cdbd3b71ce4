/**
 * The output of all services, by name: in memory for views, in files for later. It outlives the
 * services: what one printed can be read after it was stopped, and the next one of its name goes on in
 * the same ring and file. The names are those of the configuration, so there are not many.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';
import { OutputRing } from './output.ts';
import { OutputFile } from './output-file.ts';

/** What the configuration says; looked up when it is needed, for it may change. */
export interface OutputSettings {
  readonly enabled: boolean;
  readonly ringLines: number;
  /** Whether files are written as well. */
  readonly file: boolean;
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  /** Of all files of all services together. */
  readonly maxTotalBytes: number;
}

export interface OutputStoreOptions {
  readonly settings: OutputSettings;
  /** Where the files are; it is made when it is missing. */
  readonly folder: string;
  readonly logger: Logger;
  /** A file has trouble, or has it no longer. */
  readonly onChange: () => void;
}

/** Where the output of a service is on disk. */
export interface OutputFileStatus {
  readonly path: string;
  /** Why no lines are written now, in words; null while they are. */
  readonly problem: string | null;
}

interface Output {
  readonly ring: OutputRing;
  /** Null before its first line. */
  file: OutputFile | null;
}

/** The supervisor's own log has its place in the same folder. */
const reservedNames = /^(?:supervisor|con|prn|aux|nul|com\d|lpt\d)$/i;

export class OutputStore {
  readonly #options: OutputStoreOptions;
  readonly #outputs = new Map<string, Output>();

  constructor(options: OutputStoreOptions) {
    this.#options = options;
  }

  /** The ring of a service, which is made when the name is new. Names that differ in case are one. */
  ring(service: string): OutputRing {
    const key = service.toLowerCase();
    const known = this.#outputs.get(key) ?? this.#make(service);
    this.#outputs.set(key, known);
    return known.ring;
  }

  /** The ring of a service that there is or was; null for other names. */
  find(service: string): OutputRing | null {
    return this.#outputs.get(service.toLowerCase())?.ring ?? null;
  }

  /** Null when nothing is written for it. */
  file(service: string): OutputFileStatus | null {
    const output = this.#outputs.get(service.toLowerCase());
    const file = output && this.#fileOf(service, output);
    return file ? { path: file.path, problem: file.problem } : null;
  }

  /** Writes what waits; to be called when nothing prints any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#outputs.values()].map(async ({ file }) => await file?.close()));
  }

  #make(service: string): Output {
    const { settings } = this.#options;
    const ring = new OutputRing({
      get lines() {
        return settings.enabled ? settings.ringLines : 0;
      },
      onLine: (line) => this.#fileOf(service, output)?.write(line),
    });
    const output: Output = { ring, file: null };
    return output;
  }

  /** Its file, begun when it is needed; null while the configuration wants none. */
  #fileOf(service: string, output: Output): OutputFile | null {
    const { settings } = this.#options;
    if (!settings.enabled || !settings.file) return null;
    // One for all times: two would write into each other.
    output.file ??= this.#makeFile(service);
    return output.file;
  }

  #makeFile(service: string): OutputFile {
    const { settings, folder, logger, onChange } = this.#options;
    const path = join(folder, `${safeFileName(service)}.log`);
    return new OutputFile({
      path,
      get maxBytes() {
        return settings.maxFileBytes;
      },
      get maxFiles() {
        return settings.maxFiles;
      },
      onProblem: (problem) => {
        if (problem === null) logger.info({ service, path }, 'its output is written again');
        else logger.error({ service, path, problem }, 'its output is not written for now');
        onChange();
      },
      onFileBegun: async () => {
        await this.#deleteOld().catch((error: unknown) => {
          logger.warn({ err: error, folder }, 'old output files could not be deleted');
        });
      },
    });
  }

  /** Deletes the oldest files, never one that is being written, until all together are small enough. */
  async #deleteOld(): Promise<void> {
    const { settings, folder } = this.#options;
    const inUse = new Set([...this.#outputs.values()].map(({ file }) => file?.path));
    const found = await Promise.all(
      (await readdir(folder))
        .filter((name) => /\.log(?:\.\d+)?$/.test(name) && !name.startsWith('supervisor.log'))
        .map(async (name) => {
          const path = join(folder, name);
          // Set aside or deleted at this very moment: it counts next time.
          const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
          const number = Number(/\d+$/.exec(name)?.[0] ?? 0);
          return { path, size, mtimeMs, isTooMany: number > settings.maxFiles };
        }),
    );
    let total = found.reduce((sum, { size }) => sum + size, 0);
    const oldestFirst = found.sort((one, other) => one.mtimeMs - other.mtimeMs);
    const tooManyFirst = oldestFirst.sort(
      (one, other) => Number(other.isTooMany) - Number(one.isTooMany),
    );
    for (const { path, size, isTooMany } of tooManyFirst) {
      if (inUse.has(path) || (!isTooMany && total <= settings.maxTotalBytes)) continue;
      await rm(path, { force: true });
      total -= size;
    }
  }
}

/**
 * A file name that belongs to this service alone, on every system: what is not a letter, digit, space,
 * `.`, `_` or `-` is written as in addresses (`mcp:1` → `mcp%3A1`), and so is the first character where
 * the name as a whole means something else.
 */
export function safeFileName(service: string): string {
  const safe = service.replaceAll(/[^\p{L}\p{N} ._-]/gu, percentEncoded);
  const isReserved = /^[. ]/.test(safe) || reservedNames.test(safe.replace(/\..*$/, ''));
  return isReserved ? safe.replace(/^./u, percentEncoded) : safe;
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
