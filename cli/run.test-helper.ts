/** One call of the command line inside the test, with its output as text. */
import { Writable } from 'node:stream';
import { run } from './run.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The columns of a terminal; without them it is none. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

class Capture extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows = 24;

  constructor(columns: number | undefined) {
    super();
    this.isTTY = columns !== undefined;
    this.columns = columns ?? 0;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Nothing of the person who tests is found unless `env` says where. */
export async function runCli(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { env = {}, cwd = '/', columns, signal = new AbortController().signal } = options;
  const stdout = new Capture(columns);
  const stderr = new Capture(columns);
  const code = await run(argv, {
    stdin: process.stdin,
    stdout,
    stderr,
    env: { PM_SUPERVISOR_CONFIG: '/nowhere/supervisor.toml', ...env },
    cwd,
    signal,
    version: '1.2.3',
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}
