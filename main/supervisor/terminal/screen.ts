/**
 * One shell, seen by any number of viewers: all see the same, all may type. The shell's screen is as
 * large as what every viewer has room for. Who comes later gets what was printed last.
 *
 * Nothing grows here: viewers say what they have drawn, and when one of them is too far behind, the
 * shell is not read any more; its program then waits in its own write. A viewer that draws nothing at
 * all is let go, so that it cannot hold up the others.
 */
import {
  maxTerminalSize,
  type TerminalSize,
  type ToPage,
} from '../../../shared/terminal-protocol.ts';
import { Scrollback } from './scrollback.ts';

/** The shell's end of the terminal. */
export interface Device {
  write(bytes: Buffer): void;
  resize(size: TerminalSize): void;
  pause(): void;
  resume(): void;
}

/** Somebody who looks. */
export interface Onlooker {
  readonly size: TerminalSize;
  /** Bytes that were shown but not drawn yet. */
  readonly unread: number;
  /** When it last drew something, in monotonic ms. */
  readonly lastReadAt: number;
  show(bytes: Buffer): void;
  tell(message: ToPage): void;
  /** Says why it is over, and ends the connection. */
  end(reason: string): void;
}

/** Larger than the scrollback, so that coming again does not stop the shell. */
const highWaterBytes = 512 * 1024;
const lowWaterBytes = 128 * 1024;

/** A page in the background draws once a second; one that drew nothing for so long does not draw. */
const stallMs = 15_000;
const stallCheckMs = 1_000;

/** Before anybody has said what room there is. */
const usualSize: TerminalSize = { columns: 80, rows: 24 };

export class Screen {
  readonly #viewers = new Set<Onlooker>();
  readonly #scrollback = new Scrollback();
  #device: Device | null = null;
  #size = usualSize;
  #stallTimer: ReturnType<typeof setInterval> | null = null;

  get size(): TerminalSize {
    return this.#size;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** A new shell is there. */
  begin(device: Device): void {
    this.#setPaused(false);
    this.#device = device;
    this.#scrollback.clear();
    this.#tellAll({ type: 'begin' });
  }

  print(bytes: Buffer): void {
    this.#scrollback.append(bytes);
    for (const viewer of this.#viewers) viewer.show(bytes);
    this.regulate();
  }

  type(bytes: Buffer): void {
    this.#device?.write(bytes);
  }

  /** The shell is gone: everybody is told why, and goes too. */
  end(reason: string): void {
    this.#setPaused(false);
    this.#device = null;
    this.#scrollback.clear();
    const viewers = [...this.#viewers];
    this.#viewers.clear();
    for (const viewer of viewers) viewer.end(reason);
  }

  join(viewer: Onlooker): void {
    this.#viewers.add(viewer);
    this.fit();
    viewer.tell({ type: 'size', ...this.#size });
    const past = this.#scrollback.bytes();
    if (past.length > 0) viewer.show(past);
  }

  leave(viewer: Onlooker): void {
    this.#viewers.delete(viewer);
    this.fit();
    this.regulate();
  }

  /** Makes the screen as large as every viewer has room for; without viewers it stays as it is. */
  fit(): void {
    if (this.#viewers.size === 0) return;
    const sizes = [maxTerminalSize, ...[...this.#viewers].map((viewer) => viewer.size)];
    const columns = Math.min(...sizes.map((size) => size.columns));
    const rows = Math.min(...sizes.map((size) => size.rows));
    if (columns === this.#size.columns && rows === this.#size.rows) return;
    this.#size = { columns, rows };
    this.#device?.resize(this.#size);
    this.#tellAll({ type: 'size', columns, rows });
  }

  /** Stops or goes on reading the shell, by what the slowest viewer has yet to draw. */
  regulate(): void {
    const most = Math.max(0, ...[...this.#viewers].map((viewer) => viewer.unread));
    if (most > highWaterBytes) this.#setPaused(true);
    else if (most <= lowWaterBytes) this.#setPaused(false);
  }

  #setPaused(paused: boolean): void {
    if (paused === (this.#stallTimer !== null)) return;
    if (paused) {
      this.#device?.pause();
      this.#stallTimer = setInterval(() => this.#dropStalled(), stallCheckMs);
    } else {
      clearInterval(this.#stallTimer ?? undefined);
      this.#stallTimer = null;
      this.#device?.resume();
    }
  }

  #dropStalled(): void {
    const now = performance.now();
    for (const viewer of this.#viewers) {
      if (viewer.unread <= lowWaterBytes || now - viewer.lastReadAt < stallMs) continue;
      this.leave(viewer);
      viewer.end('this page did not draw what was printed, and held up the program');
    }
  }

  #tellAll(message: ToPage): void {
    for (const viewer of this.#viewers) viewer.tell(message);
  }
}
