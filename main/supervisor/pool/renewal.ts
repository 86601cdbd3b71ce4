/**
 * Replaces instances by new processes, and breaks no session: the new one starts, the sessions move, the
 * old one finishes what it is doing and stops. One at a time, whoever asks: an upgrade of all, or the
 * recycling of one that has grown too large or too old.
 */
import { messageOf } from '../../../shared/errors.ts';
import type { UpgradeStatus } from '../../../shared/status.ts';
import { drain, vacate } from './drain.ts';
import type { Instance } from './instance.ts';
import type { Roster } from './roster.ts';
import type { SessionMover } from './session-mover.ts';
import type { SessionTable } from './sessions.ts';
import type { TaskBirths } from './task-births.ts';

export interface RenewalOptions {
  readonly roster: Roster;
  readonly sessions: SessionTable;
  readonly mover: SessionMover;
  readonly tasks: TaskBirths;
  /** Calls under way may take so long; looked up when it is needed. */
  readonly drainTimeoutMs: () => number;
  /** Writes a replacement into the history. */
  readonly record: (what: string) => void;
  /** Instances or the progress have changed. */
  readonly onChange: (reason: string) => void;
}

export class Renewal {
  readonly #options: RenewalOptions;
  /** Settles when the replacement that runs is over; never rejects. */
  #turn: Promise<void> = Promise.resolve();
  #upgrading: Promise<void> | null = null;
  /** An upgrade that waits for the one that runs. */
  #again: Promise<void> | null = null;
  #progress: UpgradeStatus | null = null;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** Null unless an upgrade runs, or the last one ended early. */
  get progress(): UpgradeStatus | null {
    return this.#progress;
  }

  /** Replaces every instance, one by one; throws when a new one does not get ready. */
  upgrade(): Promise<void> {
    this.#upgrading ??= this.#replaceAll().finally(() => {
      this.#upgrading = null;
    });
    return this.#upgrading;
  }

  /** The same after an upgrade that runs: what that one has started may not be what is wanted now. */
  upgradeAgain(): Promise<void> {
    this.#again ??= Promise.resolve(this.#upgrading)
      .catch(() => {})
      .then(() => {
        this.#again = null;
        return this.upgrade();
      });
    return this.#again;
  }

  /**
   * Replaces one instance, when others that are being replaced are done. A new one that does not get
   * ready is taken away again, and the old one stays: then this throws.
   */
  replace(old: Instance, reason: string): Promise<void> {
    const replaced = this.#turn.then(() => this.#replace(old, reason));
    this.#turn = replaced.catch(() => {});
    return replaced;
  }

  /** Resolves when no upgrade and no replacement runs. */
  async settled(): Promise<void> {
    await this.#upgrading?.catch(() => {});
    await this.#turn;
  }

  /** Empties an instance, then takes it away. */
  async retire(instance: Instance, reason: string): Promise<void> {
    const { roster, onChange } = this.#options;
    instance.draining = true;
    instance.leave();
    await this.#empty(instance, drain);
    await roster.remove(instance, reason);
    onChange(reason);
  }

  async #empty(instance: Instance, how: typeof drain): Promise<void> {
    const { sessions, mover, tasks, record } = this.#options;
    const timeoutMs = this.#options.drainTimeoutMs();
    const left = await how({ instance, sessions, mover, tasks, timeoutMs });
    if (left === 0) return;
    const what = left === 1 ? '1 call or task' : `${left} calls or tasks`;
    const key = `drain_timeout_s = ${timeoutMs / 1_000}`;
    record(`${instance.name} is stopped with ${what} under way (${key})`);
  }

  async #replaceAll(): Promise<void> {
    const { roster, onChange } = this.#options;
    // A copy: the list changes while they are replaced.
    const old = roster.all.filter((instance) => !instance.draining);
    const startedAt = new Date().toISOString();
    const note = (done: number, failed: string | null) => {
      this.#progress = { total: old.length, done, failed, startedAt };
      onChange('upgrade');
    };
    let done = 0;
    note(done, null);
    try {
      for (const instance of old) {
        await this.replace(instance, 'upgrade');
        done += 1;
        note(done, null);
      }
    } catch (error) {
      note(done, messageOf(error));
      throw error;
    }
    this.#progress = null;
    onChange('upgraded');
  }

  async #replace(old: Instance, reason: string): Promise<void> {
    const { roster, record } = this.#options;
    // It may have been stopped for another reason while this waited for its turn.
    if (old.draining || !roster.all.includes(old)) return;
    if (roster.hasFixedPort) {
      record(`${old.name} starts anew: ${reason}`);
      await this.#renewInPlace(old, reason);
      return;
    }
    const fresh = roster.add();
    try {
      await fresh.service.start();
    } catch (error) {
      await roster.remove(fresh, 'it did not get ready');
      this.#options.onChange('it did not get ready');
      throw error;
    }
    record(`${fresh.name} replaces ${old.name}: ${reason}`);
    await this.retire(old, `replaced: ${reason}`);
  }

  /** Two processes cannot have one port: the sessions wait while the new one starts. */
  async #renewInPlace(instance: Instance, reason: string): Promise<void> {
    instance.draining = true;
    instance.leave();
    try {
      await this.#empty(instance, vacate);
      await instance.service.restart(reason);
    } finally {
      instance.draining = false;
    }
  }
}
