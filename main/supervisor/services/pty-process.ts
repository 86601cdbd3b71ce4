/**
 * A program on a pseudo-terminal: what `SupervisedProcess` is for programs on pipes, with the same
 * promises. An interactive shell ignores SIGTERM and puts every job into a group of its own, so the stop
 * does what closing a terminal window does: it hangs up on all that carries the cookie, and kills after
 * the grace time what did not go.
 */
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { IPty } from '@lydell/node-pty';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import { cookieName, processesWithCookie } from './cookie.ts';
import type { Guardian } from './guardian.ts';
import { signalGroup } from './process-group.ts';
import { killTree, type OnHang } from './process-tree.ts';
import type { Command, Exit, RunningProcess } from './supervised-process.ts';
import type { Jobs } from './windows-job.ts';
import { WindowsTree } from './windows-tree.ts';

/** The part of `@lydell/node-pty` that is used. */
export type PtyModule = Pick<typeof import('@lydell/node-pty'), 'spawn'>;

export interface PtySize {
  readonly columns: number;
  readonly rows: number;
}

export interface PtyOptions {
  /** Unlike any other process's. */
  readonly cookie: string;
  readonly guardian: Pick<Guardian, 'began' | 'ended'>;
  /** Windows: where its job object comes from; null or absent where there are none. */
  readonly jobs?: Jobs | null;
  readonly size: PtySize;
  readonly onOutput: (bytes: Buffer) => void;
  /** It ended, and nobody had asked for it; called before `exited` settles. */
  readonly onEnd: (exit: Exit) => void;
}

/** How often it is looked whether all have gone, in ms. */
const pollMs = 20;

const isWindows = process.platform === 'win32';

/** Loads the native module; throws `service_failed` with the cure where it is missing. */
export async function loadPty(
  load: () => Promise<PtyModule> = () => import('@lydell/node-pty'),
): Promise<PtyModule> {
  try {
    return await load();
  } catch (cause) {
    throw new CodedError(
      'service_failed',
      `The terminal needs @lydell/node-pty for ${process.platform}-${process.arch}, which cannot be loaded: ${firstLine(messageOf(cause))} Run "npm install" without --omit=optional, or set [interactive_terminal] command or enabled = false.`,
      { cause },
    );
  }
}

export class PtyProcess implements RunningProcess {
  readonly spawned = Promise.resolve();
  readonly exited: Promise<Exit>;
  readonly #pty: IPty;
  readonly #options: PtyOptions;
  /** On Windows only. */
  readonly #tree: WindowsTree | null;
  #isOver = false;
  #isStopping = false;

  /** Throws what the system says when no terminal can be had. */
  constructor({ spawn }: PtyModule, command: Command, options: PtyOptions) {
    this.#options = options;
    this.#pty = spawn(command.command, [...command.args], {
      name: 'xterm-256color',
      cols: options.size.columns,
      rows: options.size.rows,
      ...(command.workingDir !== undefined && { cwd: command.workingDir }),
      env: {
        ...command.env,
        TERM: 'xterm-256color',
        COLORTERM: 'truecolor',
        [cookieName]: options.cookie,
      },
      // Bytes: a character may be cut by the end of a chunk, and is put together by the viewer.
      encoding: null,
    });
    options.guardian.began(this.#pty.pid);
    this.#tree = isWindows ? new WindowsTree(this.#pty.pid, options.jobs ?? null) : null;
    // Without an encoding it gives buffers, whatever its types say.
    this.#pty.onData((data: string | Buffer) => options.onOutput(Buffer.from(data)));
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        this.#isOver = true;
        const exit: Exit = { code: signal ? null : exitCode, signal: signalName(signal) };
        if (!this.#isStopping) options.onEnd(exit);
        resolve(exit);
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  write(bytes: Buffer): void {
    // The types know text only; both systems' parts hand it to a socket, which takes bytes.
    if (!this.#isOver) this.#pty.write(bytes as unknown as string);
  }

  resize({ columns, rows }: PtySize): void {
    if (!this.#isOver) this.#pty.resize(columns, rows);
  }

  /** Stops reading: the program waits as soon as the system's small buffer is full. */
  pause(): void {
    this.#pty.pause();
  }

  resume(): void {
    this.#pty.resume();
  }

  async stop(graceMs: number, onHang?: OnHang): Promise<string | null> {
    this.#isStopping = true;
    // A paused reader would not see the end.
    this.resume();
    if (this.#tree !== null) {
      // Not `pty.kill`: it looks for its processes later, by numbers that may be others' (node-pty#967).
      const rest = await this.#tree.end();
      await this.exited;
      return rest;
    }
    await this.#hangUp(graceMs);
    return await this.sweep(onHang);
  }

  async sweep(onHang: OnHang = () => {}): Promise<string | null> {
    if (this.#tree !== null) return await this.#tree.endRest();
    const { cookie, guardian } = this.#options;
    const left = await killTree(this.pid, cookie, onHang);
    if (left === null) guardian.ended(this.pid);
    return left;
  }

  /** Resolves when all have gone, or the grace time is over. */
  async #hangUp(graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs;
    const told = new Set<number>();
    for (;;) {
      const left = await processesWithCookie(this.#options.cookie);
      if (left.length === 0 && !signalGroup(this.pid, 0)) return;
      for (const pid of left.filter((each) => !told.has(each))) {
        told.add(pid);
        hangUpOn(pid);
      }
      if (performance.now() >= deadline) return;
      await delay(pollMs);
    }
  }
}

function hangUpOn(pid: number): void {
  try {
    process.kill(pid, 'SIGHUP');
    // A stopped job (Ctrl-Z) hears nothing until it goes on; the kernel does the same at a hang-up.
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended by itself.
  }
}

function signalName(signal: number | undefined): NodeJS.Signals | null {
  if (!signal) return null;
  const found = Object.entries(constants.signals).find(([, number]) => number === signal);
  return (found?.[0] ?? 'SIGKILL') as NodeJS.Signals;
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  return line.endsWith('.') ? line : `${line}.`;
}
