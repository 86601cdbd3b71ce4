/**
 * One operating-system process with everything it starts. It leads a process group of its own, so that
 * a stop reaches the whole tree: SIGTERM to the group, a grace time, SIGKILL. What left the group (a
 * session of its own, a daemon that forked twice) is found by its cookie. "Gone" is said only when
 * nothing is left, never judged by the leader alone: it may exit first and leave children.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { cookieName, processesWithCookie } from './cookie.ts';
import type { Guardian } from './guardian.ts';
import { captureLines, type OutputLine } from './output.ts';
import { groupEndsWithin, signalGroup } from './process-group.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDir: string | undefined;
  /** The whole environment of the child. */
  readonly env: NodeJS.ProcessEnv;
}

export interface ProcessOptions {
  /** Unlike any other process's. */
  readonly cookie: string;
  readonly guardian: Pick<Guardian, 'began' | 'ended'>;
  readonly onLine: (line: OutputLine) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the process could not even be started (ENOENT, EACCES …). */
  readonly spawnError?: NodeJS.ErrnoException;
}

/** How often strays are looked for, in ms. */
const strayPollMs = 20;

/** After SIGKILL the kernel needs a moment. A process that is still there later cannot be killed. */
const afterKillMs = 2_000;

const isWindows = process.platform === 'win32';

export class SupervisedProcess {
  /** Settles when the leader runs, or could not be started; never rejects. */
  readonly spawned: Promise<void>;
  /** Settles when the leader has exited; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;

  constructor(command: Command, options: ProcessOptions) {
    this.#options = options;
    this.#child = spawn(command.command, command.args, {
      cwd: command.workingDir,
      env: { ...command.env, [cookieName]: options.cookie },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: !isWindows,
      windowsHide: true,
    });
    if (this.#child.pid !== undefined) options.guardian.began(this.#child.pid);
    this.spawned = new Promise((resolve) => {
      this.#child.once('spawn', resolve);
      this.#child.once('error', () => resolve());
    });
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        if (this.#child.pid === undefined) {
          resolve({ code: null, signal: null, spawnError: error });
        }
      });
      this.#child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    if (this.#child.stdout) captureLines(this.#child.stdout, 'stdout', options.onLine);
    if (this.#child.stderr) captureLines(this.#child.stderr, 'stderr', options.onLine);
  }

  /** Undefined when the process could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the whole group; resolves when nothing of it is left. Safe to call at any time. */
  async stop(graceMs: number): Promise<void> {
    if (this.pid === undefined) return;
    if (isWindows) {
      await this.#stopOnWindows();
      return;
    }
    signalGroup(this.pid, 'SIGTERM');
    if (!(await groupEndsWithin(this.pid, graceMs))) {
      signalGroup(this.pid, 'SIGKILL');
      await groupEndsWithin(this.pid, afterKillMs);
    }
    await this.#endStrays();
    // The pipes may be held open by a process that left the group; nobody reads them any more.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Ends what a leader left behind when it exited on its own. */
  async sweep(): Promise<void> {
    if (isWindows || this.pid === undefined) return;
    if (signalGroup(this.pid, 'SIGKILL')) await groupEndsWithin(this.pid, afterKillMs);
    await this.#endStrays();
  }

  /** Ends those that left the group; then the guardian can forget it. */
  async #endStrays(): Promise<void> {
    const { cookie, guardian } = this.#options;
    const deadline = performance.now() + afterKillMs;
    // A stray may fork while it is being looked for, so it is looked for until there is none.
    for (;;) {
      const strays = await processesWithCookie(cookie);
      if (strays.length === 0 || performance.now() >= deadline) break;
      for (const pid of strays) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended by itself.
        }
      }
      await delay(strayPollMs);
    }
    if (this.pid !== undefined) guardian.ended(this.pid);
  }

  async #stopOnWindows(): Promise<void> {
    // Windows has no SIGTERM: the tree is ended at once. /T follows parent ids while they still exist.
    const killer = spawn('taskkill', ['/PID', String(this.pid), '/T', '/F'], { windowsHide: true });
    await new Promise<void>((resolve) => {
      killer.once('error', () => {
        this.#child.kill('SIGKILL');
        resolve();
      });
      killer.once('exit', () => resolve());
    });
    await this.exited;
  }
}
