/** Where a command speaks: results on standard output, all else on standard error. */
import type { Writable } from 'node:stream';

/** SGR codes (ECMA-48 §8.3.117). The colours are those of the user's own palette. */
const styles = {
  bold: ['1', '22'],
  dim: ['2', '22'],
  red: ['31', '39'],
  green: ['32', '39'],
  yellow: ['33', '39'],
  blue: ['34', '39'],
  cyan: ['36', '39'],
} as const;

export type Style = keyof typeof styles;

/** Colours a text, or leaves it as it is where there are no colours. */
export type Paint = (style: Style, text: string) => string;

export interface Stream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export interface OutputOptions {
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Whether results go to programs: JSON, a value a line. */
  readonly json: boolean;
  /** Decides about colours: `NO_COLOR` (no-color.org), `TERM`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

const usualWidth = 80;

export class Output {
  readonly json: boolean;
  readonly stdout: Stream;
  readonly paint: Paint;
  readonly #stderr: Stream;

  constructor({ stdout, stderr, json, env }: OutputOptions) {
    this.stdout = stdout;
    this.#stderr = stderr;
    this.json = json;
    const hasColours = stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
    this.paint = (style, text) => {
      if (!hasColours || text === '') return text;
      const [on, off] = styles[style];
      return `\u001b[${on}m${text}\u001b[${off}m`;
    };
  }

  get isTerminal(): boolean {
    return this.stdout.isTTY === true;
  }

  /** The columns that a table may fill; without end where nobody looks at it. */
  get width(): number {
    return this.isTerminal ? (this.stdout.columns ?? usualWidth) : Number.POSITIVE_INFINITY;
  }

  /** A line of the result. */
  print(line = ''): void {
    this.stdout.write(`${line}\n`);
  }

  /** A result for programs, on one line. */
  printJson(value: unknown): void {
    this.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** The result in the form that was asked for. */
  result(value: unknown, lines: () => string | readonly string[]): void {
    if (this.json) {
      this.printJson(value);
      return;
    }
    const text = lines();
    for (const line of typeof text === 'string' ? [text] : text) this.print(line);
  }

  /** A word about what goes on, for people; never part of the result. */
  say(line: string): void {
    this.#stderr.write(`${line}\n`);
  }

  /** Resolves when the reader has taken what was written: a follower must not fill the memory. */
  async drained(): Promise<void> {
    if (!this.stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => this.stdout.once('drain', resolve));
  }
}
