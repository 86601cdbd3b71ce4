/** For tests: the built-in terminal behind a real door, with real shells, and pages that look at it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { configSchema } from '../../shared/config-schema.ts';
import type { StateTransition } from '../../shared/status.ts';
import type { FromPage, ToPage } from '../../shared/terminal-protocol.ts';
import { patience } from '../../test/patience.ts';
import { PageDoor } from './control/page-door.ts';
import { processesWithCookie } from './services/cookie.ts';
import { ProcessHost } from './services/process-host.ts';
import { Service } from './services/service.ts';
import { quickBackOff } from './services/service-rig.test-helper.ts';
import type { Terminal } from './terminal/terminal.ts';
import { makeTerminal } from './terminal-service.ts';

export const token = 'the-token-of-this-test';

export interface RigOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly lingerMs?: number;
  /** The status page is off. */
  readonly withoutPage?: boolean;
}

export class TerminalRig implements AsyncDisposable {
  readonly transitions: StateTransition[] = [];
  readonly family = `t${randomBytes(4).toString('hex')}`;
  readonly terminal: Terminal;
  readonly #door: PageDoor;
  readonly #processes: ProcessHost;
  readonly #folder: string;

  private constructor(folder: string, options: RigOptions) {
    this.#folder = folder;
    this.#processes = new ProcessHost(this.family, 'run1', pino({ level: 'silent' }));
    const settings = { shell: '/bin/sh', ...options.settings };
    const env = { PATH: process.env['PATH'], HOME: folder, PS1: 'prompt> ' };
    this.terminal = makeTerminal({
      context: {
        config: configSchema.parse({ interactive_terminal: settings }),
        env,
        folder: (path) => path,
      },
      processes: this.#processes,
      pageUrl: () => (options.withoutPage === true ? null : this.#door.url),
      onTransition: (transition) => this.transitions.push(transition),
      makeService: (own) =>
        new Service({
          name: 'interactive_terminal',
          displayName: 'Interactive Terminal',
          startTimeoutMs: 5_000,
          stopGraceMs: 300,
          probeTimeoutMs: 500,
          backOff: quickBackOff,
          ...own,
        }),
      ...(options.lingerMs !== undefined && { lingerMs: options.lingerMs }),
    });
    this.#door = new PageDoor({
      dispatch: async () => ({ ok: true, data: null }),
      token,
      tokens: { isRight: (given) => given === token, refuse: () => {} },
      pageFolder: folder,
      onSnapshot: () => () => {},
      onEvents: () => () => {},
      terminal: this.terminal,
    });
  }

  static async create(options: RigOptions = {}): Promise<TerminalRig> {
    const folder = await mkdtemp(join(tmpdir(), 'pm-terminal-'));
    await writeFile(join(folder, 'terminal.html'), 'the page');
    const rig = new TerminalRig(folder, options);
    await rig.#door.listen(0, '127.0.0.1');
    return rig;
  }

  get url(): string {
    return this.#door.url ?? '';
  }

  get door(): PageDoor {
    return this.#door;
  }

  /** What carries the cookie of this test. */
  async processes(): Promise<readonly number[]> {
    return await processesWithCookie(this.family);
  }

  page(headers: Readonly<Record<string, string>> = { authorization: `Bearer ${token}` }): TestPage {
    return new TestPage(new WebSocket(`${this.url.replace('http', 'ws')}terminal`, { headers }));
  }

  async until(state: string): Promise<void> {
    await vi.waitFor(() => expect(this.terminal.state).toBe(state), patience);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal.stop('test over');
    this.terminal.close();
    await this.#door.close();
    this.#processes.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A page that draws all at once, unless it is told not to. */
export class TestPage {
  readonly told: ToPage[] = [];
  /** The HTTP status of a refusal, or the code of the close. */
  readonly closed: Promise<number>;
  output = '';
  draws = true;
  readonly #socket: WebSocket;
  readonly #opened: Promise<void>;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#opened = new Promise((resolve) => {
      socket.once('open', () => resolve());
    });
    this.closed = new Promise((resolve) => {
      socket.once('unexpected-response', (_request, response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      socket.once('close', resolve);
    });
    socket.on('error', () => {});
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) {
        this.told.push(JSON.parse(data.toString()) as ToPage);
        return;
      }
      this.output += data.toString();
      if (this.draws) this.say({ type: 'read', bytes: data.length });
    });
  }

  say(message: FromPage | Readonly<Record<string, unknown>>): void {
    this.#socket.send(JSON.stringify(message));
  }

  async join(columns = 80, rows = 24): Promise<this> {
    await this.#opened;
    this.say({ type: 'size', columns, rows });
    return this;
  }

  type(text: string): void {
    this.#socket.send(Buffer.from(text));
  }

  async sees(text: string): Promise<void> {
    await vi.waitFor(
      () => expect(this.output.includes(text), `${text} in ${this.output.slice(-300)}`).toBe(true),
      patience,
    );
  }

  leave(): void {
    this.#socket.close();
  }
}
