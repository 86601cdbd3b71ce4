/**
 * The end of a process with everything it started, on Windows: its job object, or `taskkill` where there
 * is none. Windows has no SIGTERM, so the tree is ended at once.
 */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Job, Jobs } from './windows-job.ts';

export class WindowsTree {
  readonly #pid: number;
  readonly #job: Job | null;
  readonly #killTree: (pid: number) => Promise<void>;

  /** To be made at once when the process began: what it starts before is not in its job. */
  constructor(pid: number, jobs: Jobs | null, killTree = taskkill) {
    this.#pid = pid;
    this.#job = jobs?.adopt(pid) ?? null;
    this.#killTree = killTree;
  }

  /** Resolves when nothing is left (null), or with what could not be ended. Safe to call again. */
  async end(): Promise<string | null> {
    if (this.#job === null) {
      await this.#killTree(this.#pid);
      return null;
    }
    await this.#job.end();
    const isLeft = this.#job.isAlive();
    // With the handle closed Windows goes on trying.
    this.#job.close();
    return isLeft ? `what ${this.#pid} started cannot be ended` : null;
  }

  /** As `end`, for a leader that has exited: without a job its children cannot be found any more. */
  async endRest(): Promise<string | null> {
    return this.#job === null ? null : await this.end();
  }
}

/** Follows parent ids while they still exist. */
function taskkill(pid: number): Promise<void> {
  return new Promise((resolve) => {
    const killer = spawn('taskkill', ['/PID', String(pid), '/T', '/F'], { windowsHide: true });
    killer.once('error', () => {
      try {
        process.kill(pid);
      } catch {
        // It has ended by itself.
      }
      resolve();
    });
    killer.once('exit', () => resolve());
  });
}

/** Whether a command is there; asked where a process begins, which waits for the disk anyway. */
export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
