/** For tests: a line door before a supervisor that only answers, in a folder of its own, and its clients. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCommands } from './commands.ts';
import { FakeTarget, LineClient, silent } from './control.test-helper.ts';
import { createDispatcher } from './dispatcher.ts';
import { LineDoor } from './line-door.ts';

export class LineDoorRig implements AsyncDisposable {
  readonly target = new FakeTarget();
  readonly dispatch = createDispatcher(createCommands(this.target));
  readonly door = new LineDoor(this.dispatch, silent);
  readonly folder: string;
  readonly socketPath: string;
  readonly #clients: LineClient[] = [];
  #where: string | number;

  private constructor(folder: string) {
    this.folder = folder;
    this.socketPath = join(folder, 'control.sock');
    this.#where = this.socketPath;
  }

  static async create(): Promise<LineDoorRig> {
    return new LineDoorRig(await mkdtemp(join(tmpdir(), 'pms-line-')));
  }

  /** Where the door can be reached from now on: the path of its socket, or its port. */
  async listen(kind: 'socket' | 'tcp'): Promise<string | number> {
    if (kind === 'tcp') this.#where = await this.door.listenTcp(0);
    else await this.door.listenSocket(this.socketPath);
    return this.#where;
  }

  connect(): LineClient {
    const client = new LineClient(this.#where);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.socket.destroy();
    await this.door.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
