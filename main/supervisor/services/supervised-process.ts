/**
 * One operating-system process with everything it starts. It leads a process group of its own, so that
 * a stop reaches the whole tree: SIGTERM to the group, a grace time, SIGKILL, and "gone" is said only
 * when the group is empty (never judged by the leader alone: it may exit first and leave children).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { captureLines, type OutputLine } from './output.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly workingDir: string | undefined;
  /** The whole environment of the child. */
  readonly env: NodeJS.ProcessEnv;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the process could not even be started (ENOENT, EACCES …). */
  readonly spawnError?: NodeJS.ErrnoException;
}

/** How often an ending group is looked at, in ms. */
const groupPollMs = 10;

/** After SIGKILL the kernel needs a moment; a group that is still there later holds only zombies. */
const afterKillMs = 2_000;

const isWindows = process.platform === 'win32';

export class SupervisedProcess {
  /** Settles when the leader runs, or could not be started; never rejects. */
  readonly spawned: Promise<void>;
  /** Settles when the leader has exited; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  constructor(command: Command, onLine: (line: OutputLine) => void) {
    this.#child = spawn(command.command, command.args, {
      cwd: command.workingDir,
      env: command.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: !isWindows,
      windowsHide: true,
    });
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
    if (this.#child.stdout) captureLines(this.#child.stdout, 'stdout', onLine);
    if (this.#child.stderr) captureLines(this.#child.stderr, 'stderr', onLine);
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
    this.#signalGroup('SIGTERM');
    if (!(await this.#groupEmptyWithin(graceMs))) {
      this.#signalGroup('SIGKILL');
      await this.#groupEmptyWithin(afterKillMs);
    }
    // The pipes may be held open by a process that left the group; nobody reads them any more.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Ends what a leader left behind when it exited on its own. */
  async sweep(): Promise<void> {
    if (isWindows || this.pid === undefined || !this.#groupAlive()) return;
    this.#signalGroup('SIGKILL');
    await this.#groupEmptyWithin(afterKillMs);
  }

  async #groupEmptyWithin(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (this.#groupAlive()) {
      if (performance.now() >= deadline) return false;
      await delay(groupPollMs);
    }
    return true;
  }

  #groupAlive(): boolean {
    return this.#signalGroup(0);
  }

  /** False when the group has no member left. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    if (this.pid === undefined) return false;
    try {
      process.kill(-this.pid, signal);
      return true;
    } catch {
      return false;
    }
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
