/**
 * One MCP server as a process: a message per line on its stdin and stdout (MCP, stdio). What it prints
 * on stdout that is no message is said and dropped, stderr is passed on, a message over the cap ends it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Launch } from './launch.ts';
import { LineReader, maxLineBytes } from './line-reader.ts';
import { type Log, printable, rateLimited } from './log.ts';
import { type Packet, readPackets } from './packet.ts';
import { endTree } from './process-tree.ts';

/** What may wait for a server that does not read, in bytes: two of the largest messages. */
const maxInputQueueBytes = 32 * 1024 * 1024;

/** A line of stderr is cut here, in bytes: it is for people. */
const maxStderrLineBytes = 64 * 1024;

/** How long output may still come after the exit, in ms: a grandchild can hold the pipe for ever. */
const lastOutputMs = 250;

export interface StdioChildOptions {
  readonly launch: Launch;
  readonly log: Log;
  readonly onPacket: (packet: Packet) => void;
  /** Once, with a sentence that says why it ended. */
  readonly onEnd: (reason: string) => void;
}

export class StdioChild {
  readonly #options: StdioChildOptions;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #sayJunk: Log;
  readonly #stdout: LineReader;
  readonly #exited: Promise<void>;
  #lastStderr = '';
  #endReason: string | null = null;
  #stopping: Promise<void> | null = null;
  #hasEnded = false;

  constructor(options: StdioChildOptions) {
    this.#options = options;
    const { launch, log } = options;
    this.#sayJunk = rateLimited(log, () => performance.now());
    this.#stdout = new LineReader((line) => this.#onLine(line));
    const child = spawn(launch.file, launch.args, {
      env: launch.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, see process-tree.ts; on Windows it would mean a console window.
      detached: process.platform !== 'win32',
      windowsHide: true,
      windowsVerbatimArguments: launch.verbatim,
    });
    this.#process = child;
    this.#exited = new Promise((resolve) => {
      child.once('error', (error) => {
        if (child.pid !== undefined) return;
        this.#end(`it could not be started: ${error.message}`);
        resolve();
      });
      child.once('exit', (code, signal) => {
        resolve();
        const how = code === null ? `was ended by ${signal}` : `ended with code ${code}`;
        void this.#onExit(`it ${how}`);
      });
    });
    // The exit says more than "broken pipe".
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => this.#onOutput(chunk));
    child.stdout.once('end', () => {
      this.#stdout.flush();
      // The end of its output is mostly that of the process; how that ended says more.
      setTimeout(() => {
        if (!this.#hasEnded && child.exitCode === null) void this.stop('it closed its output');
      }, lastOutputMs);
    });
    this.#passStderrOn(child.stderr);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Why it is ending, or has ended; null while it serves. */
  get endReason(): string | null {
    return this.#endReason;
  }

  /** What pauses while clients do not take the server's output. */
  get output(): Readable {
    return this.#process.stdout;
  }

  /** Sends one message; false when the server has ended or does not read its input. */
  send(text: string): boolean {
    const { stdin } = this.#process;
    if (this.#hasEnded || this.#stopping || !stdin.writable) return false;
    if (stdin.writableLength + text.length > maxInputQueueBytes) return false;
    stdin.write(`${text}\n`);
    return true;
  }

  /** Ends it with all that it started; `onEnd` gets the reason unless it ended for another before. */
  stop(reason: string): Promise<void> {
    this.#endReason ??= reason;
    // What it prints from now on must not keep it from reading that its input ended.
    this.#process.stdout.resume();
    this.#stopping ??= endTree(this.#process, this.#exited);
    return this.#stopping;
  }

  #onOutput(chunk: Buffer): void {
    if (this.#stdout.push(chunk)) return;
    this.#process.stdout.removeAllListeners('data').resume();
    this.#options.log(`it sent a message of more than ${maxLineBytes} bytes and is ended`);
    void this.stop(`it sent a message of more than ${maxLineBytes} bytes`);
  }

  #onLine(line: string): void {
    if (this.#hasEnded) return;
    const packets = readPackets(line);
    if (packets === null || packets.length === 0) {
      this.#sayJunk(`printed on stdout what is no JSON-RPC message: ${printable(line)}`);
      return;
    }
    for (const packet of packets) this.#options.onPacket(packet);
  }

  #passStderrOn(stderr: Readable): void {
    const say = (line: string) => {
      this.#lastStderr = line;
      this.#options.log(line);
    };
    let lines = new LineReader(say, maxStderrLineBytes);
    stderr.on('data', (chunk: Buffer) => {
      if (lines.push(chunk)) return;
      say(`(a line of more than ${maxStderrLineBytes} bytes was left out)`);
      lines = new LineReader(say, maxStderrLineBytes);
    });
    stderr.once('end', () => lines.flush());
  }

  async #onExit(how: string): Promise<void> {
    const { stdout, stderr } = this.#process;
    const ended = Promise.all([stdout, stderr].map((stream) => endOf(stream)));
    await Promise.race([ended, delay(lastOutputMs)]);
    // Nothing that it left in its group may outlive it.
    this.#stopping ??= endTree(this.#process, this.#exited);
    this.#end(how);
  }

  #end(how: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const reason = this.#endReason ?? how;
    const lastWords =
      this.#lastStderr === '' ? '' : ` Its last words: ${printable(this.#lastStderr)}`;
    this.#options.onEnd(`${reason}.${lastWords}`);
  }
}

function endOf(stream: Readable): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => void stream.once('close', resolve));
}
