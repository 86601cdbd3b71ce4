/** Drives call-client.c. */
import type { ChildProcess } from 'node:child_process';
import { type Children, Lines } from '../kit/children.ts';
import type { Plan } from './plans.ts';

/** What the load client answers; times in ns. */
export interface LoadAnswer {
  readonly calls: number;
  readonly errors: number;
  readonly firstError: string;
  readonly nanoseconds: number;
  /** CPU time of the load client itself. */
  readonly cpuNanoseconds: number;
  readonly p50: number;
  readonly p99: number;
}

/** Beyond the time of a measurement, in ms: a call that never ends is given up by the client itself. */
const answerTimeoutMs = 30_000;

export class LoadClient {
  readonly #child: ChildProcess;
  readonly #lines: Lines;

  constructor(children: Children, program: string, port: number) {
    this.#child = children.start(program, ['127.0.0.1', String(port)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#lines = new Lines(this.#child, 'The load client');
  }

  async open({ sessions, era, hasStreams }: Plan): Promise<void> {
    await this.#ask(`open ${sessions} ${era}`);
    if (hasStreams) await this.#ask('streams');
  }

  calls(ms: number, tool: Plan['tool']): Promise<LoadAnswer> {
    return this.#ask(`calls ${Math.round(ms)} ${tool}`);
  }

  /** Ends the sessions, and then itself. */
  async close(): Promise<void> {
    await this.#ask('close');
    this.#child.stdin?.end();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(command: string): Promise<LoadAnswer> {
    this.#child.stdin?.write(`${command}\n`);
    return JSON.parse(await this.#lines.next(answerTimeoutMs)) as LoadAnswer;
  }
}
