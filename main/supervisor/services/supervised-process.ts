/**
 * One operating-system process with everything it starts. It leads a process group of its own, so that
 * a stop reaches the whole tree: SIGTERM to the group, a grace time, SIGKILL. What left the group (a
 * session of its own, a daemon that forked twice) is found by its cookie. "Gone" is said only when
 * nothing is left, never judged by the leader alone: it may exit first and leave children.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { cookieName } from './cookie.ts';
import type { Guardian } from './guardian.ts';
import { captureLines, type OutputLine } from './output.ts';
import { endTree, killTree, type OnHang } from './process-tree.ts';
import { type WindowsCommand, windowsCommand } from './windows-command.ts';
import type { Jobs } from './windows-job.ts';
import { isFile, WindowsTree } from './windows-tree.ts';

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
  /** Windows: where its job object comes from; null or absent where there are none. */
  readonly jobs?: Jobs | null;
  /** Where it writes to instead of our pipes; then nothing is read here. */
  readonly outputs?: Readonly<Record<'stdout' | 'stderr', number | 'ignore'>>;
  /** Its standard input: ours to write to, or nothing, which is usual. */
  readonly input?: 'pipe';
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the process could not even be started (ENOENT, EACCES …). */
  readonly spawnError?: NodeJS.ErrnoException;
}

const isWindows = process.platform === 'win32';

/** A process of ours, as far as its service has to know it. */
export interface RunningProcess {
  /** Undefined when the process could not be started. */
  readonly pid: number | undefined;
  /** Settles when the leader runs, or could not be started; never rejects. */
  readonly spawned: Promise<void>;
  /** Settles when the leader has exited; never rejects. */
  readonly exited: Promise<Exit>;
  /** Ends the whole tree; resolves when nothing of it is left (null), or with what could not be ended. */
  stop(graceMs: number, onHang?: OnHang): Promise<string | null>;
  /** Ends what a leader left behind when it exited on its own; resolves like `stop`. */
  sweep(onHang?: OnHang): Promise<string | null>;
}

export class SupervisedProcess implements RunningProcess {
  /** Settles when the leader runs, or could not be started; never rejects. */
  readonly spawned: Promise<void>;
  /** Settles when the leader has exited; never rejects. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #options: ProcessOptions;
  /** On Windows only. */
  readonly #tree: WindowsTree | null;

  constructor(command: Command, options: ProcessOptions) {
    this.#options = options;
    const { file, args, verbatim } = programOf(command);
    this.#child = spawn(file, args, {
      cwd: command.workingDir,
      env: { ...command.env, [cookieName]: options.cookie },
      stdio: [
        options.input ?? 'ignore',
        options.outputs?.stdout ?? 'pipe',
        options.outputs?.stderr ?? 'pipe',
      ],
      detached: !isWindows,
      windowsHide: true,
      windowsVerbatimArguments: verbatim,
    });
    const { pid } = this.#child;
    this.#tree = isWindows && pid !== undefined ? new WindowsTree(pid, options.jobs ?? null) : null;
    if (pid !== undefined) options.guardian.began(pid);
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

  /** Its standard input; null when nobody writes to it. */
  get input(): Writable | null {
    return this.#child.stdin;
  }

  /**
   * Ends the whole tree; resolves when nothing of it is left (null), or with what could not be ended.
   * Safe to call at any time.
   */
  async stop(graceMs: number, onHang: OnHang = () => {}): Promise<string | null> {
    if (this.pid === undefined) return null;
    if (this.#tree !== null) {
      const rest = await this.#tree.end();
      await this.exited;
      return rest;
    }
    const left = await endTree(this.pid, this.#options.cookie, graceMs, onHang);
    if (left === null) this.#options.guardian.ended(this.pid);
    // The pipes may be held open by a process that left the group; nobody reads them any more.
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
    return left;
  }

  /** Ends what a leader left behind when it exited on its own; resolves like `stop`. */
  async sweep(onHang: OnHang = () => {}): Promise<string | null> {
    if (this.pid === undefined) return null;
    if (this.#tree !== null) return await this.#tree.endRest();
    const left = await killTree(this.pid, this.#options.cookie, onHang);
    if (left === null) this.#options.guardian.ended(this.pid);
    return left;
  }
}

/** What has to be started for a command: on Windows some are no programs, but files of a shell. */
function programOf({ command, args, env, workingDir = '.' }: Command): WindowsCommand {
  return isWindows
    ? windowsCommand(command, args, { env, workingDir, isFile })
    : { file: command, args, verbatim: false };
}
