/**
 * Where the processes of one supervisor come from: each gets a cookie of its own and is known to the
 * guardian from its first to its last moment.
 */
import { join } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';
import { processesWithCookie } from './cookie.ts';
import { Guardian } from './guardian.ts';
import { Keeper } from './keep.ts';
import type { OutputLine } from './output.ts';
import { canIdentify } from './process-identity.ts';
import { type PtyModule, type PtyOptions, PtyProcess } from './pty-process.ts';
import { Shortage } from './shortage.ts';
import { type Command, type RunningProcess, SupervisedProcess } from './supervised-process.ts';
import { type Jobs, openJobs } from './windows-job.ts';

/** How long strays of a former run may take to end after SIGTERM, in ms. */
const strayGraceMs = 2_000;

/** What a service needs of where its processes come from. */
export interface ProcessSource {
  launch(...args: Parameters<ProcessHost['launch']>): RunningProcess;
  /** Told when the system gives us no more of what processes and connections need. */
  readonly shortage?: Shortage;
}

export class ProcessHost {
  readonly shortage: Shortage;
  readonly #family: string;
  readonly #run: string;
  readonly #guardian: Guardian;
  readonly #jobs: Jobs | null;
  #count = 0;

  /**
   * `family` is the same for every run with the same configuration, `run` is this one's own. Both
   * consist of letters, digits and dashes.
   */
  constructor(family: string, run: string, logger: Logger) {
    this.#family = family;
    this.#run = `${family}.${run}`;
    this.shortage = new Shortage(logger);
    this.#guardian = new Guardian(this.#run, logger);
    this.#jobs = process.platform === 'win32' ? openJobs(logger) : null;
  }

  /** `input`: whether its standard input is a pipe of ours. */
  launch(command: Command, onLine: (line: OutputLine) => void, input?: 'pipe'): SupervisedProcess {
    this.#count += 1;
    return new SupervisedProcess(command, {
      cookie: `${this.#run}.${this.#count}`,
      guardian: this.#guardian,
      jobs: this.#jobs,
      onLine,
      ...(input && { input }),
    });
  }

  /** A program on a pseudo-terminal. Throws where the system has none left. */
  launchPty(
    pty: PtyModule,
    command: Command,
    options: Pick<PtyOptions, 'size' | 'onOutput' | 'onEnd'>,
  ): PtyProcess {
    this.#count += 1;
    const cookie = `${this.#run}.${this.#count}`;
    const owned = { cookie, guardian: this.#guardian, jobs: this.#jobs };
    return new PtyProcess(pty, command, { ...options, ...owned });
  }

  /**
   * For processes that survive this supervisor; their records are in the folder. Null where processes
   * cannot be told apart for certain: there all end with it.
   */
  keeper(folder: string, logger: Logger): Keeper | null {
    if (!canIdentify) return null;
    return new Keeper({
      folder: join(folder, this.#family),
      family: this.#family,
      // Outside of this run: the guardian ends all that is in it.
      nextCookie: () => {
        this.#count += 1;
        return `${this.#family}.kept.${this.#run.slice(this.#family.length + 1)}-${this.#count}`;
      },
      guardian: this.#guardian,
      logger,
    });
  }

  /**
   * Ends what an earlier run with this configuration left behind, but for processes with one of the
   * `spared` cookies; to be called while nobody else can run with it. Only processes that carry its
   * cookie are touched. Tells how many there were.
   */
  async endStrays(spared: readonly string[] = []): Promise<number> {
    const strays = async () => {
      const [all, ...others] = await Promise.all(
        [this.#family, this.#run, ...spared].map(processesWithCookie),
      );
      return (all ?? []).filter((pid) => !others.some((pids) => pids.includes(pid)));
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
