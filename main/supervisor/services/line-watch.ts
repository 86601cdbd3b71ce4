import { stripVTControlCharacters } from 'node:util';

/** Waits for a line that a process prints, for services that say so when they are ready. */
export class LineWatch {
  #waiting: { readonly pattern: RegExp; readonly seen: () => void } | null = null;

  /** Resolves with the first line that matches from now on; an earlier wait is given up. */
  async waitFor(pattern: RegExp): Promise<void> {
    await new Promise<void>((seen) => {
      this.#waiting = { pattern, seen };
    });
  }

  /** Nobody waits any more. */
  forget(): void {
    this.#waiting = null;
  }

  /** To be told every line. */
  heard(text: string): void {
    // Colours would stand between the words that were asked for.
    if (!this.#waiting?.pattern.test(stripVTControlCharacters(text))) return;
    this.#waiting.seen();
    this.#waiting = null;
  }
}
