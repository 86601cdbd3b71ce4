/** One form app while it is open: lines to it, lines from it, and its certain end. */
import type { Writable } from 'node:stream';
import { maxLineBytes } from '../../../shared/control-protocol.ts';
import type { OutputLine } from '../services/output.ts';
import type { RunningProcess } from '../services/supervised-process.ts';

/** A process with an open standard input. */
export interface FormChild extends Pick<RunningProcess, 'spawned' | 'exited' | 'stop' | 'sweep'> {
  /** Null when it could not be started. */
  readonly input: Writable | null;
}

/** Starts the program of an app; every line it prints is told. */
export type StartForm = (app: string, onLine: (line: OutputLine) => void) => FormChild;

/** Who has answered may close its window in so many ms, before it is asked to. */
const farewellMs = 2_000;

/** Between SIGTERM and SIGKILL, in ms. */
const graceMs = 2_000;

export class FormProcess {
  /** Settles when nothing of it is left. */
  readonly gone: Promise<void>;
  readonly #child: FormChild;
  readonly #isGone = Promise.withResolvers<void>();
  #answer: PromiseWithResolvers<unknown> | null = null;
  /** The parts of a line that is too long for one. */
  #parts: string[] = [];
  #size = 0;
  #complaint = '';
  #ending: Promise<void> | null = null;

  constructor(start: StartForm, app: string) {
    this.gone = this.#isGone.promise;
    this.#child = start(app, (line) => this.#read(line));
    // It has closed its input: its end or its answer says more.
    this.#child.input?.on('error', () => {});
    void this.#child.exited.then(async ({ code, signal, spawnError }) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      const missing = `its command cannot be started (${spawnError?.message}); correct it in supervisor.toml`;
      const why = spawnError === undefined ? `it ended with ${how}` : missing;
      const last = this.#complaint === '' ? '' : `; its last words: ${this.#complaint}`;
      // Its last line may still be on its way through the pipe.
      setImmediate(() => this.#answer?.reject(new Error(`${why}${last}`)));
      await this.#child.sweep();
      this.#isGone.resolve();
    });
  }

  /** Writes one line and resolves with the next line of JSON; rejects when it ends or the signal aborts. */
  async ask(payload: unknown, signal: AbortSignal): Promise<unknown> {
    this.#answer = Promise.withResolvers<unknown>();
    const { promise, reject } = this.#answer;
    const tooLate = () => reject(signal.reason);
    signal.addEventListener('abort', tooLate);
    try {
      this.#child.input?.write(`${JSON.stringify(payload ?? null)}\n`);
      return await promise;
    } finally {
      signal.removeEventListener('abort', tooLate);
      this.#answer = null;
    }
  }

  /** It has answered: it may end by itself, and is ended if it does not. */
  finish(): void {
    this.#child.input?.end();
    const late = setTimeout(() => void this.end(), farewellMs);
    void this.gone.then(() => clearTimeout(late));
  }

  /** Ends it with all it started; resolves when nothing is left. */
  async end(): Promise<void> {
    this.#ending ??= this.#end();
    await this.#ending;
  }

  async #end(): Promise<void> {
    await this.#child.stop(graceMs);
    await this.gone;
  }

  #read({ stream, text, continues }: OutputLine): void {
    if (stream !== 'stdout') {
      if (stream === 'stderr' && text.trim() !== '') this.#complaint = text.trim().slice(0, 300);
      return;
    }
    this.#size += text.length;
    if (this.#size <= maxLineBytes) this.#parts.push(text);
    if (continues) return;
    const line = this.#parts.join('');
    const isTooLong = this.#size > maxLineBytes;
    this.#parts = [];
    this.#size = 0;
    if (isTooLong) {
      this.#answer?.reject(new Error(`its answer is longer than ${maxLineBytes} bytes`));
      return;
    }
    // Toolkits print hints of their own; an answer is an object in JSON.
    const answer = objectIn(line);
    if (answer !== null) this.#answer?.resolve(answer);
    else if (line.trim() !== '') this.#complaint = line.trim().slice(0, 300);
  }
}

function objectIn(line: string): object | null {
  if (!line.trimStart().startsWith('{')) return null;
  try {
    return JSON.parse(line) as object;
  } catch {
    return null;
  }
}
