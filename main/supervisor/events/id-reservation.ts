/**
 * Event ids never repeat: not after a restart, a kill -9, a lost journal or a clock set back. A small
 * file says below which id all may have been given out; it is written ahead in blocks, before the first
 * id of a block is used. A crash skips the rest of a block; an orderly end gives it back.
 */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { replaceFile } from '../config/write-file.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Ids written ahead. At 2,000 events a second a write every 25 s; 2^53 lasts for 90 billion crashes. */
const blockSize = 100_000;

export class IdReservation {
  /** The first id that was surely never given out. */
  readonly firstId: number;
  readonly #file: string;
  readonly #logger: Logger;
  #reservedTo: number;
  #renewing: Promise<void> | null = null;

  private constructor(file: string, firstId: number, logger: Logger) {
    this.#file = file;
    this.firstId = firstId;
    this.#reservedTo = firstId + blockSize;
    this.#logger = logger;
  }

  /**
   * Reads the file and reserves a first block; `floor` is the largest id known from elsewhere, null where
   * nobody could look.
   */
  static async open(file: string, floor: number | null, logger: Logger): Promise<IdReservation> {
    const firstId = Math.max(await readNextId(file, floor), (floor ?? 0) + 1);
    const reservation = new IdReservation(file, firstId, logger);
    await reservation.#write(reservation.#reservedTo);
    return reservation;
  }

  /** To be called with each id before it is given out; nearly always a comparison. */
  use(id: number): void {
    if (id < this.#reservedTo - blockSize / 2) return;
    if (id >= this.#reservedTo) this.#extendNow(id);
    else this.#renewing ??= this.#renew();
  }

  /** Gives back what was not used, so that ids stay without holes over an orderly restart. */
  async close(lastId: number): Promise<void> {
    await this.#renewing;
    await this.#write(lastId + 1);
  }

  async #renew(): Promise<void> {
    let next = this.#reservedTo + blockSize;
    await this.#write(next);
    // A burst may have reserved more meanwhile; this write has just taken the place of that one.
    while (next < this.#reservedTo) {
      next = this.#reservedTo;
      await this.#write(next);
    }
    this.#reservedTo = next;
    this.#renewing = null;
  }

  /** Half a block was used up within one turn of the event loop: rare enough to write at once. */
  #extendNow(id: number): void {
    this.#reservedTo = id + blockSize;
    try {
      writeFileSync(this.#file, content(this.#reservedTo), { mode: 0o600 });
    } catch (error) {
      this.#complain(error);
    }
  }

  async #write(nextId: number): Promise<void> {
    try {
      await replaceFile(this.#file, content(nextId));
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    this.#logger.error(
      { err: error, file: this.#file },
      'event ids could not be reserved; after a crash some may repeat',
    );
  }
}

function content(nextId: number): string {
  return `${JSON.stringify({ next_id: nextId })}\n`;
}

async function readNextId(file: string, floor: number | null): Promise<number> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    // With an empty journal too, this is the first start. Else only the file was lost.
    const isNew = floor === 0 && (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isNew ? 1 : beyondDoubt(floor);
  }
  try {
    const next = (JSON.parse(text) as { next_id?: unknown } | null)?.next_id;
    return Number.isSafeInteger(next) && Number(next) > 0 ? Number(next) : beyondDoubt(floor);
  } catch {
    return beyondDoubt(floor);
  }
}

/**
 * Nobody knows how far ids were. The time in µs is a number that no counter of events has reached;
 * should the clock be set back, the journal knows all but what it had not committed, less than a block.
 */
function beyondDoubt(floor: number | null): number {
  return Math.max(Date.now() * 1_000, (floor ?? 0) + blockSize);
}
