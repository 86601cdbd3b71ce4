/**
 * Where a fault is played: private homes with supervisors, mounted disks, strangers' programs. Whatever was
 * put on it is taken away in reverse order when the fault is over, and after Ctrl-C.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import {
  Place,
  type PlaceOptions,
  type RunningSupervisor,
  type StartOptions,
  startSupervisor,
} from '../test/harness.ts';
import { connectClient, type McpClient } from '../test/mcp-clients.ts';
import { SseClient, type SseOptions } from '../test/sse-client.ts';

const run = promisify(execFile);

export class Stage implements AsyncDisposable {
  /** Shorter forms are asked for: fewer rounds, shorter sleeps. */
  readonly isQuick: boolean;
  readonly #props = new AsyncDisposableStack();

  constructor(isQuick: boolean) {
    this.isQuick = isQuick;
  }

  /** A folder to run supervisors in, one after another. */
  async place(options: PlaceOptions = {}): Promise<Place> {
    return await this.#keep(await Place.create(options));
  }

  /** A supervisor that is ready; in a place of its own unless one is given. */
  async start(options: StartOptions = {}): Promise<RunningSupervisor> {
    // The place first: a start that is broken off must not leave it behind.
    const place = options.place ?? (await this.place(options));
    return await this.#keep(await startSupervisor({ ...options, place }));
  }

  async client(supervisor: RunningSupervisor, name: string): Promise<McpClient> {
    const client = await connectClient(supervisor.mcpUrl, name);
    // The session may be gone with its supervisor.
    this.#props.defer(() => client.close().catch(() => {}));
    return client;
  }

  async subscriber(supervisor: RunningSupervisor, options: SseOptions = {}): Promise<SseClient> {
    return await this.#keep(await SseClient.open(supervisor.eventsUrl, options));
  }

  /** A small disk of its own over the folder, which loses what was in it. */
  async disk(folder: string, megabytes: number): Promise<void> {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'pm-faults', folder]);
    // Lazy: a process that is just ending may still be in it.
    this.#props.defer(async () => {
      await run('umount', ['-l', folder]);
    });
  }

  /** Somebody else's web server, on any port or a given one. */
  async stranger(port = 0): Promise<Stranger> {
    const server = createServer((_request, response) => response.end('a stranger')).listen(
      port,
      '127.0.0.1',
    );
    await once(server, 'listening');
    return await this.#keep(new Stranger(server));
  }

  /** Somebody else's program; its group ends with the fault. */
  async program(command: string, args: readonly string[]): Promise<ChildProcess> {
    const child = spawn(command, args, { stdio: 'ignore', detached: true });
    await once(child, 'spawn');
    this.#props.defer(() => void child.kill('SIGKILL'));
    return child;
  }

  /** Something to be undone at the end. */
  defer(undo: () => void | Promise<void>): void {
    this.#props.defer(undo);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#props.disposeAsync();
  }

  /** What is made after the end, as by a fault that was broken off, is taken away at once. */
  async #keep<Prop extends AsyncDisposable | Disposable>(prop: Prop): Promise<Prop> {
    if (!this.#props.disposed) return this.#props.use(prop);
    if (Symbol.asyncDispose in prop) await prop[Symbol.asyncDispose]();
    else prop[Symbol.dispose]();
    throw new Error('the fault was broken off');
  }
}

export class Stranger implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  /** True while it answers as it always did. */
  async isWell(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${this.port}/`);
    return (await response.text()) === 'a stranger';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
