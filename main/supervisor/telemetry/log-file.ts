/**
 * Lines on their way to a file: written in the background, one write at a time, so that a slow disk
 * holds up nobody. Last words are written at once. A disk that is full is told once; lines are lost
 * until it takes some again.
 */
import { write, writeSync } from 'node:fs';

/** What waits for a slow disk, in characters; further lines are lost. */
const maxWaitingChars = 256 * 1024;

export class LogFile {
  readonly #descriptor: number;
  readonly #onProblem: (error: unknown) => void;
  #waiting = '';
  #isWriting = false;
  #isTold = false;

  /** `onProblem` is called when the file stops taking lines, not for each that is lost. */
  constructor(descriptor: number, onProblem: (error: unknown) => void) {
    this.#descriptor = descriptor;
    this.#onProblem = onProblem;
    process.once('exit', () => this.#writeNow());
  }

  write(line: string): void {
    if (this.#waiting.length > maxWaitingChars) return;
    this.#waiting += line;
    // pino puts the level first; a fatal line is the last one there may be time for.
    if (line.startsWith('{"level":60,')) this.#writeNow();
    else if (!this.#isWriting) this.#writeNext();
  }

  #writeNext(): void {
    const lines = this.#waiting;
    this.#waiting = '';
    this.#isWriting = true;
    write(this.#descriptor, lines, (error) => {
      this.#isWriting = false;
      this.#note(error);
      if (this.#waiting !== '') this.#writeNext();
    });
  }

  #writeNow(): void {
    const lines = this.#waiting;
    this.#waiting = '';
    if (lines === '') return;
    try {
      writeSync(this.#descriptor, lines);
    } catch (error) {
      this.#note(error);
    }
  }

  #note(error: unknown): void {
    if (error && !this.#isTold) this.#onProblem(error);
    this.#isTold = Boolean(error);
  }
}
