/**
 * Where the processes of one supervisor come from: each gets a cookie of its own and is known to the
 * guardian from its first to its last moment.
 */
import type { Logger } from '../telemetry/logger.ts';
import { processesWithCookie } from './cookie.ts';
import { Guardian } from './guardian.ts';
import type { OutputLine } from './output.ts';
import { type Command, SupervisedProcess } from './supervised-process.ts';

/** How long strays of a former run may take to end after SIGTERM, in ms. */
const strayGraceMs = 2_000;

export class ProcessHost {
  readonly #family: string;
  readonly #run: string;
  readonly #guardian: Guardian;
  #count = 0;

  /**
   * `family` is the same for every run with the same configuration, `run` is this one's own. Both
   * consist of letters, digits and dashes.
   */
  constructor(family: string, run: string, logger: Logger) {
    this.#family = family;
    this.#run = `${family}.${run}`;
    this.#guardian = new Guardian(this.#run, logger);
  }

  launch(command: Command, onLine: (line: OutputLine) => void): SupervisedProcess {
    this.#count += 1;
    return new SupervisedProcess(command, {
      cookie: `${this.#run}.${this.#count}`,
      guardian: this.#guardian,
      onLine,
    });
  }

  /**
   * Ends what an earlier run with this configuration left behind; to be called while nobody else can run
   * with it. Only processes that carry its cookie are touched. Tells how many there were.
   */
  async endStrays(): Promise<number> {
    const strays = async () => {
      const [all, ours] = await Promise.all([
        processesWithCookie(this.#family),
        processesWithCookie(this.#run),
      ]);
      return all.filter((pid) => !ours.includes(pid));
    };
    const found = await strays();
    if (found.length === 0) return 0;
    signalAll(found, 'SIGTERM');
    const deadline = performance.now() + strayGraceMs;
    while ((await strays()).length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    signalAll(await strays(), 'SIGKILL');
    return found.length;
  }

  /** To be called when every process has been stopped. */
  close(): void {
    this.#guardian.dismiss();
  }
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}
