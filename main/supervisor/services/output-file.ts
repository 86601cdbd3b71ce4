/**
 * The output of one service on disk: `NAME.log`, set aside as `NAME.log.1`, `.2` … when it is full.
 * Written in the background, one write at a time. What the disk does not take in time, or not at all,
 * is dropped and counted, and the count stands where the lines are missing: neither the service nor the
 * supervisor ever waits for a disk. After trouble it is tried again with the lines that come later.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../../shared/errors.ts';
import { codeOf } from '../config/write-file.ts';
import { markLine, type OutputLine } from './output.ts';

/** What may wait for a slow disk, in characters: all that a service may print in a second, and some. */
const maxWaitingChars = 8 * 1024 * 1024;

/** One write takes no more than this, in characters, so that a file is not much larger than it may be. */
const maxWriteChars = 64 * 1024;

/**
 * How long after trouble the disk is left alone, in ms. It grows while trouble returns, because an
 * almost full disk takes a few lines now and then: neither they nor the complaints help anybody.
 */
const firstRetryMs = 5_000;
const longestRetryMs = 5 * 60_000;

/** Trouble so long after the last one is new trouble, in ms. */
const settledMs = 60_000;

export interface OutputFileOptions {
  readonly path: string;
  /** A file that would grow beyond this is set aside. */
  readonly maxBytes: number;
  /** How many files that were set aside are kept. */
  readonly maxFiles: number;
  /** The disk stopped taking lines, in words; null: it takes them again. Not called for each line. */
  readonly onProblem: (problem: string | null) => void;
  /** A file was begun; there may be too many now. */
  readonly onFileBegun: () => Promise<void>;
}

interface Waiting {
  readonly text: string;
  /** How many lines are missing if this one is lost: a mark stands for those that it counts. */
  readonly stands: number;
}

export class OutputFile {
  readonly #options: OutputFileOptions;
  #waiting: Waiting[] = [];
  #waitingChars = 0;
  #lost = 0;
  #lostBecause = '';
  #problem: string | null = null;
  #retryAt = Number.NEGATIVE_INFINITY;
  #retryMs = firstRetryMs;
  #handle: FileHandle | null = null;
  #size = 0;
  #writing: Promise<void> | null = null;

  constructor(options: OutputFileOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Why the disk takes no lines now; null while it does. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Returns at once; the line is on its way, or counted as lost. */
  write(line: OutputLine): void {
    if (this.#problem !== null && performance.now() < this.#retryAt) {
      this.#lost += 1;
      return;
    }
    if (this.#waitingChars > maxWaitingChars) {
      this.#lost += 1;
      this.#lostBecause = 'the disk was too slow';
      return;
    }
    if (this.#lost > 0) {
      const count = this.#lost.toLocaleString('en-US');
      this.#add(markLine(`dropped ${count} lines: ${this.#lostBecause}`), this.#lost);
      this.#lost = 0;
    }
    this.#add(line, 1);
    this.#writing ??= this.#writeAll();
  }

  /** Writes what waits and closes the file. Lines that come later open it again. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#closeFile();
  }

  #add(line: OutputLine, stands: number): void {
    const text = formatLine(line);
    this.#waiting.push({ text, stands });
    this.#waitingChars += text.length;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#put(Buffer.from(batch.map(({ text }) => text).join('')));
        this.#setProblem(null);
      } catch (error) {
        await this.#giveUp(batch, error);
      }
    }
    this.#writing = null;
  }

  #nextBatch(): readonly Waiting[] {
    let count = 0;
    let chars = 0;
    for (; count < this.#waiting.length && chars < maxWriteChars; count += 1) {
      chars += this.#waiting[count]?.text.length ?? 0;
    }
    this.#waitingChars -= chars;
    return this.#waiting.splice(0, count);
  }

  async #put(bytes: Buffer): Promise<void> {
    const { maxBytes } = this.#options;
    this.#handle ??= await this.#openFile();
    if (this.#size > 0 && this.#size + bytes.length > maxBytes) {
      await this.#setAside();
      this.#handle = await this.#openFile();
    }
    await this.#handle.appendFile(bytes);
    this.#size += bytes.length;
  }

  async #openFile(): Promise<FileHandle> {
    const { path, onFileBegun } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, 'a', 0o600);
    try {
      this.#size = (await handle.stat()).size;
    } catch (error) {
      await handle.close();
      throw error;
    }
    if (this.#size === 0) await onFileBegun();
    return handle;
  }

  /** Closed before it is renamed: Windows does not rename open files. */
  async #setAside(): Promise<void> {
    const { path, maxFiles } = this.#options;
    await this.#closeFile();
    if (maxFiles === 0) {
      await rm(path, { force: true });
      return;
    }
    await rm(`${path}.${maxFiles}`, { force: true });
    for (let number = maxFiles - 1; number >= 0; number -= 1) {
      const from = number === 0 ? path : `${path}.${number}`;
      await rename(from, `${path}.${number + 1}`).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    }
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async #giveUp(batch: readonly Waiting[], error: unknown): Promise<void> {
    // A disk that became full in the middle of a line has kept its beginning.
    await this.#handle?.truncate(this.#size).catch(() => {});
    await this.#closeFile().catch(() => {});
    for (const { stands } of [...batch, ...this.#waiting]) this.#lost += stands;
    this.#lostBecause = messageOf(error);
    this.#waiting = [];
    this.#waitingChars = 0;
    const now = performance.now();
    const isReturning = now < this.#retryAt + settledMs;
    this.#retryMs = isReturning ? Math.min(this.#retryMs * 2, longestRetryMs) : firstRetryMs;
    this.#retryAt = now + this.#retryMs;
    this.#setProblem(messageOf(error));
  }

  #setProblem(problem: string | null): void {
    const isNews = (problem === null) !== (this.#problem === null);
    this.#problem = problem;
    if (isNews) this.#options.onProblem(problem);
  }
}

/** `2026-11-22T23:19:27.123Z stdout text`; `stdout+` when the line goes on in the next one. */
function formatLine({ at, stream, text, continues }: OutputLine): string {
  const tag = continues ? `${stream}+` : stream;
  return `${new Date(at).toISOString()} ${tag.padEnd(7)} ${text}\n`;
}
