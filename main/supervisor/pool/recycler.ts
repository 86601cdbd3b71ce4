/**
 * Finds the instance that has grown too large or too old, so that a server that leaks never brings the
 * machine down. What it finds is replaced as in an upgrade: no session breaks, no call is lost.
 */
import type { Logger } from '../telemetry/logger.ts';
import { memoryOfGroups } from './group-memory.ts';
import type { Instance } from './instance.ts';

export interface RecycleBounds {
  /** Resident memory of all processes of an instance; 0 for no bound. */
  readonly maxMemoryMb: number;
  /** 0 for no bound. */
  readonly maxAgeHours: number;
  /** How often instances are looked at. */
  readonly lookEveryMs: number;
  /** The least time from one replacement to the next, so that a server that is born too large is not started over and over. */
  readonly pauseMs: number;
}

export interface RecyclerOptions {
  readonly bounds: () => RecycleBounds;
  readonly instances: () => readonly Instance[];
  /** Replaces it; throws when the new one does not get ready. */
  readonly replace: (instance: Instance, reason: string) => Promise<void>;
  readonly logger: Logger;
}

/** How often memory and age are looked at, and how long after a replacement nothing more is replaced. */
export const recyclePace = { lookEveryMs: 30_000, pauseMs: 60_000 };

const bytesPerMb = 1_048_576;
const msPerHour = 3_600_000;

export class Recycler {
  readonly #options: RecyclerOptions;
  #timer: NodeJS.Timeout | null = null;
  /** A look, and the replacement that it may lead to, is under way. */
  #busy = false;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(options: RecyclerOptions) {
    this.#options = options;
  }

  /** Begins to look, where there is a bound; without effect when it looks already. */
  start(): void {
    const { maxMemoryMb, maxAgeHours, lookEveryMs } = this.#options.bounds();
    if (maxMemoryMb === 0 && maxAgeHours === 0) return;
    this.#timer ??= setInterval(() => void this.#look(), lookEveryMs);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    const { bounds, replace, logger } = this.#options;
    if (this.#busy || performance.now() - this.#lastAt < bounds().pauseMs) return;
    this.#busy = true;
    try {
      const found = await this.#findOne();
      // The pool may have been stopped while the memory was measured.
      if (found === null || this.#timer === null) return;
      logger.info({ instance: found.instance.name, reason: found.reason }, 'recycling');
      this.#lastAt = performance.now();
      await replace(found.instance, found.reason);
      this.#lastAt = performance.now();
    } catch (error) {
      logger.warn({ err: error }, 'an MCP instance was not recycled; the old one goes on');
    } finally {
      this.#busy = false;
    }
  }

  async #findOne(): Promise<{ instance: Instance; reason: string } | null> {
    const { instances } = this.#options;
    const bounds = this.#options.bounds();
    const memory = bounds.maxMemoryMb > 0 ? await memoryOfGroups() : null;
    for (const instance of instances()) {
      if (!instance.isUp || instance.draining) continue;
      const bytes = memory?.get(instance.service.status().pid ?? 0) ?? 0;
      const reason = tooLarge(bytes, bounds) ?? tooOld(instance, bounds);
      if (reason !== null) return { instance, reason };
    }
    return null;
  }
}

function tooLarge(bytes: number, { maxMemoryMb }: RecycleBounds): string | null {
  const mb = bytes / bytesPerMb;
  if (maxMemoryMb === 0 || mb <= maxMemoryMb) return null;
  return `it uses ${Math.ceil(mb)} MiB of memory (max_memory_mb = ${maxMemoryMb})`;
}

function tooOld({ bornAt }: Instance, { maxAgeHours }: RecycleBounds): string | null {
  if (maxAgeHours === 0 || performance.now() - bornAt < maxAgeHours * msPerHour) return null;
  return `it has run for ${maxAgeHours} hours (max_age_hours)`;
}
