/**
 * A screen that is redrawn in place. The user's own screen comes back at the end, with its scrollback as it
 * was. Nothing flickers: a line is overwritten, not cleared first, and terminals that can show a frame as a
 * whole are told where it begins and ends (DEC private mode 2026).
 */
import type { Stream } from './output.ts';

const csi = '\u001b[';
const enter = `${csi}?1049h${csi}?25l`;
const leave = `${csi}?25h${csi}?1049l`;
const begin = `${csi}?2026h${csi}H`;
const end = `${csi}J${csi}?2026l`;
const restOfLine = `${csi}K`;

const usualRows = 24;

export class Screen {
  readonly #stream: Stream;
  readonly #onExit = () => this.leave();
  #left = false;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.write(enter);
    // Whatever ends the program: the cursor comes back.
    process.once('exit', this.#onExit);
  }

  /** Shows these lines from the top; what does not fit below is left out. */
  draw(lines: readonly string[]): void {
    // A terminal that is slow gets the next frame instead.
    if (this.#left || this.#stream.writableNeedDrain) return;
    const shown = lines.slice(0, (this.#stream.rows ?? usualRows) - 1);
    const body = shown.map((line) => `${line}${restOfLine}\r\n`).join('');
    this.#stream.write(`${begin}${body}${end}`);
  }

  /** Calls back when the terminal has another size; the result ends that. */
  onResize(listener: () => void): () => void {
    this.#stream.on('resize', listener);
    return () => this.#stream.off('resize', listener);
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    process.off('exit', this.#onExit);
    this.#stream.write(leave);
  }
}
