/**
 * Reads what a process writes to a file, as it grows. For processes that must not depend on us: a pipe
 * would end with us, and they with it. The file is emptied from time to time, so that it stays small.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** How often the file is looked at, in ms. */
const periodMs = 250;

const chunkBytes = 256 * 1024;

/** When so much has been read, the file is emptied as soon as nothing is written for a moment. */
const emptiedAfterBytes = 1024 * 1024;

/** A file so large is emptied even so; what is written in that very instant is lost. */
const largestFileBytes = 32 * 1024 * 1024;

/** What is further behind than this is skipped, and that is said: memory and time are bounded. */
const mostBehindBytes = 8 * 1024 * 1024;

export class FileTail {
  /** The bytes as they come; ends after `close`. */
  readonly stream = new Readable({ read: () => {} });
  readonly #path: string;
  #file: FileHandle | null = null;
  #offset = 0;
  /** At the last look. */
  #sizeBefore = 0;
  #timer: NodeJS.Timeout | null = null;
  #reading: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Begins at the start of the file or behind what is in it. Throws what opening throws. */
  async open(from: 'start' | 'end'): Promise<void> {
    this.#file = await open(this.#path, 'r+');
    this.#offset = from === 'start' ? 0 : (await this.#file.stat()).size;
    this.#timer = setInterval(() => this.#look(), periodMs);
  }

  /** Reads what is there and ends. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#look();
    await this.#reading;
    this.stream.push(null);
    await this.#file?.close().catch(() => {});
    this.#file = null;
  }

  #look(): void {
    // One at a time; a disk that fails now may not fail next time.
    this.#reading = this.#reading.then(() => this.#read()).catch(() => {});
  }

  async #read(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    const { size } = await file.stat();
    // Somebody else emptied it.
    if (size < this.#offset) this.#offset = 0;
    if (size - this.#offset > mostBehindBytes) {
      this.stream.push(`[${size - this.#offset} bytes of output were skipped]\n`);
      this.#offset = size;
    }
    while (this.#offset < size) {
      const length = Math.min(chunkBytes, size - this.#offset);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, this.#offset);
      if (bytesRead === 0) break;
      this.#offset += bytesRead;
      this.stream.push(buffer.subarray(0, bytesRead));
    }
    const isQuiet = size === this.#sizeBefore;
    this.#sizeBefore = size;
    if (this.#offset < emptiedAfterBytes || !(isQuiet || size > largestFileBytes)) return;
    if ((await file.stat()).size > this.#offset) return;
    // It is written with O_APPEND: the next line goes to the new end.
    await file.truncate(0);
    this.#offset = 0;
  }
}
