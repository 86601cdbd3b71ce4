/** The processes of a benchmark and its folder of temporary files: all are gone when it ends, however it ends. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

export class Children {
  /** For temporary files. */
  readonly folder = mkdtempSync(join(tmpdir(), 'bench-events-'));
  readonly #running = new Set<ChildProcess>();

  start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
    const child = spawn(command, args, options);
    this.#running.add(child);
    child.once('close', () => this.#running.delete(child));
    // Who waits for its lines is told by their end.
    child.on('error', () => this.#running.delete(child));
    child.stdin?.on('error', () => {});
    return child;
  }

  /** Kills all that run and waits until they are gone. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.#end(child)));
  }

  /** At once, without waiting: for the very end. */
  clean(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #end(child: ChildProcess): Promise<void> {
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    // Two processes may hold the other end of a pipe; nothing is read from them any more.
    for (const stream of child.stdio) stream?.destroy();
    await gone;
  }
}

/** Reads a child's standard output line by line. */
export class Lines {
  readonly #reader: Interface;
  readonly #iterator: AsyncIterator<string>;
  readonly #name: string;

  constructor(child: ChildProcess, name: string) {
    if (child.stdout === null) throw new Error(`${name} has no standard output.`);
    this.#name = name;
    this.#reader = createInterface({ input: child.stdout });
    this.#iterator = this.#reader[Symbol.asyncIterator]();
    // A stream that is destroyed has no end of its own; whoever waits for a line must be told.
    child.once('close', () => this.#reader.close());
  }

  /** The next line; throws when there is none within `timeoutMs`. */
  async next(timeoutMs: number): Promise<string> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const late = new Promise<never>((_resolve, reject) => {
      timeout.addEventListener('abort', () =>
        reject(new Error(`${this.#name} did not answer in ${timeoutMs / 1000} s.`)),
      );
    });
    const { done, value } = await Promise.race([this.#iterator.next(), late]);
    if (done) throw new Error(`${this.#name} ended.`);
    return value;
  }
}
