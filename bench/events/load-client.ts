/** Drives the load client: sse-client.c, or node-client.ts where there is no C compiler. */
import { type ChildProcess, execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { type Children, Lines } from '../kit/children.ts';

/** What a load client answers; times in ns. */
export interface LoadAnswer {
  readonly published: number;
  readonly deliveries: number;
  /** Events that subscribers were told they would not get. */
  readonly toldMissing: number;
  /** Deliveries that did not come at all, and nobody said so. */
  readonly outstanding: number;
  /** Ids that did not follow the one before. */
  readonly orderErrors: number;
  readonly closed: number;
  readonly nanoseconds: number;
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How a load client is started. */
export interface LoadProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** For the head of the tables. */
  readonly description: string;
}

/** No command of ours takes longer, in ms: a slow server may need seconds beyond its time. */
const answerTimeoutMs = 40_000;

/** Compiles the load client into `folder`; without a compiler it is the one that runs in Node. */
export async function prepareLoadProgram(folder: string): Promise<LoadProgram> {
  const program = join(folder, 'sse-client');
  const sources = ['sse-client.c', 'sse-stream.c'].map((name) => join(import.meta.dirname, name));
  try {
    await promisify(execFile)('cc', ['-O2', '-o', program, ...sources]);
    return { command: program, args: [], description: 'sse-client.c (epoll)' };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return {
      command: process.execPath,
      args: [join(import.meta.dirname, 'node-client.ts')],
      description:
        'node-client.ts, because there is no cc: fast servers are measured as slower than they are',
    };
  }
}

export class LoadClient {
  readonly #child: ChildProcess;
  readonly #lines: Lines;

  /** `publishTo` is the server's standard input; null when it has none. */
  constructor(
    children: Children,
    program: LoadProgram,
    target: { readonly port: number; readonly path: string; readonly publishTo: Writable | null },
  ) {
    const { port, path, publishTo } = target;
    this.#child = children.start(
      program.command,
      [...program.args, '127.0.0.1', String(port), path],
      { stdio: ['pipe', 'pipe', 'inherit', publishTo ?? 'ignore'] },
    );
    this.#lines = new Lines(this.#child, 'The load client');
  }

  connect(streams: number): Promise<LoadAnswer> {
    return this.#ask(`connect ${streams}`);
  }

  burst(ms: number, events: number): Promise<LoadAnswer> {
    return this.#ask(`burst ${Math.round(ms)} ${events}`);
  }

  rate(ms: number, events: number, periodUs: number, bytes: number): Promise<LoadAnswer> {
    return this.#ask(`rate ${Math.round(ms)} ${events} ${periodUs} ${bytes}`);
  }

  /** Sends requests out of a file, each of `bytes` bytes. */
  post(ms: number, events: number, bytes: number, file: string): Promise<LoadAnswer> {
    return this.#ask(`post ${Math.round(ms)} ${events} ${bytes} ${file}`);
  }

  /** Stops to read the last streams. */
  stall(streams: number): Promise<LoadAnswer> {
    return this.#ask(`stall ${streams}`);
  }

  /** Reads on; the answer is about the streams that had stopped. */
  resume(ms: number): Promise<LoadAnswer> {
    return this.#ask(`resume ${ms}`);
  }

  async #ask(command: string): Promise<LoadAnswer> {
    this.#child.stdin?.write(`${command}\n`);
    return JSON.parse(await this.#lines.next(answerTimeoutMs)) as LoadAnswer;
  }
}
