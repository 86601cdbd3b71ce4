/**
 * A door that opens some day: a port that is taken, or a socket that is in the way, is tried again with
 * growing pauses, and everybody can see what keeps it shut. The other doors do not wait for it (old
 * weakness W23: one failure ended the control plane for good).
 */
import { messageOf } from '../../../shared/errors.ts';
import type { DoorStatus } from '../../../shared/status.ts';
import type { Logger } from '../telemetry/logger.ts';

/** The first pause, in ms; each further one is twice as long, up to the longest. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

export interface DoorwayOptions {
  readonly name: DoorStatus['name'];
  readonly isOff: boolean;
  /** Where it is to be; `open` may tell a better address (a port that the system chose). */
  readonly address: string;
  /** Opens the door and tells its address; throws why it cannot. */
  readonly open: () => Promise<string>;
  readonly logger: Logger;
  /** It has opened, or failed to. */
  readonly onChange: (isOpen: boolean) => void;
  /** In ms; shorter in tests. */
  readonly firstPauseMs?: number;
}

export class Doorway {
  readonly #options: DoorwayOptions;
  #state: DoorStatus['state'];
  #address: string;
  #error: string | null = null;
  #pauseMs: number;
  #retry: { readonly timer: NodeJS.Timeout; readonly at: Date } | null = null;
  #opening: Promise<void> | null = null;
  #isOver = false;

  constructor(options: DoorwayOptions) {
    this.#options = options;
    this.#state = options.isOff ? 'off' : 'closed';
    this.#address = options.address;
    this.#pauseMs = options.firstPauseMs ?? firstPauseMs;
  }

  /** Tries once, and goes on trying in the background. Never throws. */
  async open(): Promise<void> {
    if (this.#state === 'off' || this.#isOver) return;
    this.#opening = this.#tryToOpen();
    await this.#opening;
  }

  status(): DoorStatus {
    return {
      name: this.#options.name,
      address: this.#address,
      state: this.#state,
      error: this.#error,
      nextRetryAt: this.#retry?.at.toISOString() ?? null,
    };
  }

  /** Tries no more; resolves when no try is under way. The door itself is the caller's to close. */
  async close(): Promise<void> {
    this.#isOver = true;
    if (this.#retry) clearTimeout(this.#retry.timer);
    this.#retry = null;
    await this.#opening;
    if (this.#state !== 'off') this.#state = 'closed';
  }

  async #tryToOpen(): Promise<void> {
    const { name, open, logger, onChange } = this.#options;
    this.#retry = null;
    try {
      this.#address = await open();
      if (this.#error !== null) logger.info({ door: name }, 'the door is open now');
      this.#state = 'open';
      this.#error = null;
    } catch (error) {
      const message = messageOf(error);
      // Once for each reason: the state tells that it goes on.
      if (message !== this.#error) logger.error({ door: name }, message);
      this.#error = message;
      this.#state = 'waiting';
      if (!this.#isOver) this.#tryLater();
    }
    onChange(this.#state === 'open');
  }

  #tryLater(): void {
    const at = new Date(Date.now() + this.#pauseMs);
    const timer = setTimeout(() => {
      this.#opening = this.#tryToOpen();
    }, this.#pauseMs);
    this.#retry = { timer: timer.unref(), at };
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }
}
