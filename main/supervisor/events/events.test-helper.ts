/** For tests: clients by hand, processes to kill, disks to fill, and waiting without guessing. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { vi } from 'vitest';
import { patience } from '../../../test/patience.ts';
import { readFrames, type Seen } from './channel.test-helper.ts';
import type { TempFolder } from './room.test-helper.ts';

/** Resolves as soon as the check no longer throws. */
export function soon<Found>(
  check: () => Found | Promise<Found>,
  timeoutMs = patience.timeout,
): Promise<Found> {
  return vi.waitFor(check, { timeout: timeoutMs, interval: 5 });
}

/**
 * A small file system of its own in the folder, which can be full or read-only also for root. Null where
 * mounting is not permitted.
 */
export async function smallDisk(folder: TempFolder): Promise<(Disposable & SmallDisk) | null> {
  const path = join(folder.path, 'disk');
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', path], { stdio: 'pipe' });
  } catch {
    return null;
  }
  return {
    path,
    makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
    [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]),
  };
}

interface SmallDisk {
  readonly path: string;
  makeReadOnly(): void;
}

/** Why a test that needs a file system of its own did not run. */
export const noSmallDisk = 'mounting a small tmpfs is not permitted here';

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly version?: '1.0' | '1.1';
}

/** A client by hand: it shows every byte that came, and stops reading when told. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  closed = false;
  readonly #chunks: Buffer[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Connects and sends the head of a request. */
  static async send(port: number, request: RawRequest = {}): Promise<RawClient> {
    const { method = 'GET', path = '/supervisor/events', headers = {}, version = '1.1' } = request;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.write(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`);
    return new RawClient(socket);
  }

  /** The same, when the head of a stream has come. */
  static async subscribe(port: number, request: RawRequest = {}): Promise<RawClient> {
    const client = await RawClient.send(port, request);
    await soon(() => {
      if (!client.body.startsWith('retry:')) throw new Error(`no stream: ${client.text}`);
    });
    return client;
  }

  /** Everything that came. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  /** The newest part of it, for streams that are too long to look through again and again. */
  get newest(): string {
    return Buffer.concat(this.#chunks.slice(-8)).toString('latin1');
  }

  get head(): string {
    return this.text.split('\r\n\r\n', 1)[0] ?? '';
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.head)?.[1]);
  }

  get body(): string {
    const { text } = this;
    const start = text.indexOf('\r\n\r\n');
    return start === -1 ? '' : text.slice(start + 4);
  }

  get seen(): readonly Seen[] {
    return readFrames(this.body);
  }

  get ids(): readonly number[] {
    return this.seen.flatMap((each) => ('id' in each ? [each.id] : []));
  }

  /** Header fields as they came, names in lower case. */
  get headers(): ReadonlyMap<string, string> {
    const lines = this.head.split('\r\n').slice(1);
    return new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
  }

  /** Resolves when the other end closed the connection. */
  async ended(): Promise<this> {
    await soon(() => {
      if (!this.closed) throw new Error(`still open: ${this.text}`);
    });
    return this;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

/** Starts a script, which may import the project's own modules by `%name%`, as a process of its own. */
export async function startScript(folder: TempFolder, code: string): Promise<Script> {
  const file = join(folder.path, 'script.mjs');
  const here = pathToFileURL(`${import.meta.dirname}/`).href;
  await writeFile(
    file,
    code.replace(/%([\w./-]+)%/g, (_all, name: string) => new URL(name, here).href),
  );
  const child = spawn(process.execPath, [file, folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Script(child);
}

export class Script implements AsyncDisposable {
  /** What it printed. */
  output = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#closed = once(child, 'close');
  }

  /** The complete lines it printed. */
  get lines(): readonly string[] {
    return this.output.split('\n').slice(0, -1);
  }

  /** Resolves with its exit code if it ends by itself, and soon. */
  exited(): Promise<number> {
    return soon(() => {
      const { exitCode } = this.#child;
      if (exitCode === null) throw new Error('the process lives on');
      return exitCode;
    });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
