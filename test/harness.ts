/**
 * The built program as its user runs it: a folder of its own with configuration, home and runtime
 * folder, ports from the system, nothing of the person who runs the tests. Plain Node, so that vitest
 * and Playwright share it. Whatever a test does, `Symbol.asyncDispose` leaves no process and no file.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReplyData, RequestOf, RequestType } from '../shared/control-protocol.ts';
import { nodeArguments } from '../shared/node-arguments.mjs';
import type { StatusSnapshot } from '../shared/status.ts';
import { ControlClient } from './control-client.ts';
import { type Survivor, survivorsOf } from './processes.ts';
import { type UntilOptions, until } from './until.ts';

const program = join(import.meta.dirname, '..', 'out', 'main', 'headless.js');

/** The address of a Unix socket has at most 104 bytes on macOS, whose own temporary folder is long. */
const temporaryRoot = process.platform === 'darwin' ? '/tmp' : tmpdir();

/** What a process needs of the machine; nothing of the user's own settings. */
const inherited = ['PATH', 'SystemRoot', 'SystemDrive', 'TEMP', 'TMP', 'LANG'] as const;

/** A cold start on a busy machine. */
const startTimeoutMs = 40_000;
/** The supervisor gives its children their grace first. */
const stopTimeoutMs = 15_000;

type Value = string | number | boolean | readonly string[];
type Section = Readonly<Record<string, Value>>;

/** Sections of the configuration by their dotted names. */
export type Settings = Readonly<Record<string, Section>>;

export interface PlaceOptions {
  /** Added to, or instead of, the settings that keep a test to itself. */
  readonly settings?: Settings;
  /** `[[servers]]` blocks. */
  readonly servers?: readonly Section[];
  readonly env?: Readonly<Record<string, string>>;
  /** For Node itself, before the program. */
  readonly nodeFlags?: readonly string[];
}

/** The file `ports.json`, as far as tests read it. */
export interface Ports {
  readonly supervisor_pid: number;
  readonly services: Readonly<Record<string, number | null>>;
  readonly control_socket: string;
  readonly page_url: string | null;
}

/** A folder to run supervisors in, one after another or several at once. */
export class Place implements AsyncDisposable {
  readonly folder: string;
  readonly configPath: string;
  readonly portsPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly nodeFlags: readonly string[];
  readonly #marker: string;
  readonly #running = new Set<SupervisorProcess>();

  private constructor(folder: string, { env = {}, nodeFlags = [] }: PlaceOptions) {
    this.folder = folder;
    this.nodeFlags = nodeFlags;
    this.configPath = join(folder, 'supervisor.toml');
    this.portsPath = join(folder, 'ports.json');
    const id = randomUUID();
    this.#marker = `PM_TEST_RUN=${id}`;
    this.env = {
      ...Object.fromEntries(inherited.map((name) => [name, process.env[name]])),
      HOME: join(folder, 'home'),
      USERPROFILE: join(folder, 'home'),
      APPDATA: join(folder, 'home'),
      XDG_RUNTIME_DIR: join(folder, 'run'),
      PM_TEST_RUN: id,
      ...env,
    };
  }

  static async create(options: PlaceOptions = {}): Promise<Place> {
    const place = new Place(await mkdtemp(join(temporaryRoot, 'pm-test-')), options);
    await mkdir(join(place.folder, 'home'));
    await mkdir(join(place.folder, 'run'), { mode: 0o700 });
    await place.writeConfig(configText(place.folder, options.settings, options.servers));
    return place;
  }

  async writeConfig(text: string): Promise<void> {
    await writeFile(this.configPath, text);
  }

  async readConfig(): Promise<string> {
    return await readFile(this.configPath, 'utf8');
  }

  /** The program with `--config` of this place; other arguments come before it. */
  spawn(...args: readonly string[]): SupervisorProcess {
    const started = new SupervisorProcess([...args, '--config', this.configPath], this);
    this.#running.add(started);
    return started;
  }

  /** Null while there is no such file. */
  async ports(): Promise<Ports | null> {
    const text = await readFile(this.portsPath, 'utf8').catch(() => null);
    return text === null ? null : (JSON.parse(text) as Ports);
  }

  /** Every process that was started here and still runs, supervisors included (Linux; else none). */
  survivors(): readonly Survivor[] {
    return survivorsOf(this.#marker);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((each) => each.end()));
    for (const { pid } of this.survivors()) process.kill(pid, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One run of the program. */
export class SupervisorProcess {
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  #output = '';

  constructor(args: readonly string[], { env, folder, nodeFlags }: Place) {
    this.#child = spawn(process.execPath, [...nodeArguments, ...nodeFlags, program, ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    // A test run that is broken off takes its supervisors along.
    const endWithTests = () => this.#child.kill('SIGTERM');
    process.once('exit', endWithTests);
    this.exited = new Promise((resolve) => {
      // `close`, not `exit`: by then all that was printed has been read.
      this.#child.once('close', (code, signal) => {
        process.off('exit', endWithTests);
        resolve(code ?? signal ?? 'SIGKILL');
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Everything that it printed, on both streams. */
  output(): string {
    return this.#output;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it in order, by force if it does not come. */
  async end(): Promise<void> {
    if (this.isRunning) this.kill('SIGTERM');
    const force = setTimeout(() => this.kill('SIGKILL'), stopTimeoutMs);
    await this.exited;
    clearTimeout(force);
  }
}

export interface StartOptions extends PlaceOptions {
  /** Where to run; a place of its own unless given, which then stays the caller's. */
  readonly place?: Place;
  /** What to wait for; by default every service runs and every stream is connected. */
  readonly isReady?: (snapshot: StatusSnapshot) => boolean;
}

/** A supervisor that is ready for work. */
export class RunningSupervisor implements AsyncDisposable {
  readonly place: Place;
  readonly process: SupervisorProcess;
  readonly ports: Ports;
  readonly client: ControlClient;
  readonly #ownsPlace: boolean;

  constructor(run: {
    readonly place: Place;
    readonly process: SupervisorProcess;
    readonly ports: Ports;
    readonly client: ControlClient;
    readonly ownsPlace: boolean;
  }) {
    this.place = run.place;
    this.process = run.process;
    this.ports = run.ports;
    this.client = run.client;
    this.#ownsPlace = run.ownsPlace;
  }

  /** `http://127.0.0.1:3457` of this one. */
  get gatewayUrl(): string {
    return `http://127.0.0.1:${this.ports.services['mcp_proxy']}`;
  }

  get mcpUrl(): string {
    return `${this.gatewayUrl}/mcp`;
  }

  get eventsUrl(): string {
    return `${this.gatewayUrl}/supervisor/events`;
  }

  /** The address with the token, as it was printed. */
  get loginUrl(): string {
    const url = /^Status page: +(\S+)$/m.exec(this.output())?.[1];
    if (url === undefined) throw new Error(`no status page in:\n${this.output()}`);
    return url;
  }

  output(): string {
    return this.process.output();
  }

  /** Asks over the control socket; a refusal is thrown. */
  async control<Type extends RequestType>(request: RequestOf<Type>): Promise<ReplyData[Type]> {
    return await this.client.send(request);
  }

  async snapshot(): Promise<StatusSnapshot> {
    return await this.control<'Snapshot'>({ type: 'Snapshot' });
  }

  /** The first snapshot for which `isIt` holds. */
  async until(
    what: string,
    isIt: (snapshot: StatusSnapshot) => boolean,
    timeoutMs?: number,
  ): Promise<StatusSnapshot> {
    let last: StatusSnapshot | undefined;
    const options: UntilOptions = {
      what,
      ...(timeoutMs !== undefined && { timeoutMs }),
      instead: () => last,
    };
    return await until(async () => {
      last = await this.snapshot();
      return isIt(last) ? last : null;
    }, options);
  }

  /** Asks it to end and tells how it did. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.process.kill(signal);
    return await this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    if (this.#ownsPlace) await this.place[Symbol.asyncDispose]();
    else await this.process.end();
  }
}

/** Starts a supervisor and waits until it is ready; throws with all it printed when it is not. */
export async function startSupervisor(options: StartOptions = {}): Promise<RunningSupervisor> {
  const place = options.place ?? (await Place.create(options));
  const started = place.spawn();
  try {
    const ports = await until(() => readyPorts(place, started), {
      what: 'ports.json',
      timeoutMs: startTimeoutMs,
    });
    const client = await ControlClient.open(ports.control_socket);
    const ownsPlace = options.place === undefined;
    const supervisor = new RunningSupervisor({ place, process: started, ports, client, ownsPlace });
    const { isReady = everythingRuns } = options;
    await supervisor.until('all services to be ready', isReady, startTimeoutMs);
    // What it prints last follows the ports within the same breath, but on another stream.
    await until(() => supervisor.output().includes('Status page:'), { what: 'the status page' });
    return supervisor;
  } catch (error) {
    await (options.place === undefined ? place[Symbol.asyncDispose]() : started.end());
    throw new Error(`The supervisor did not start:\n${started.output()}`, { cause: error });
  }
}

async function readyPorts(place: Place, started: SupervisorProcess): Promise<Ports | null> {
  if (!started.isRunning) throw new Error('it ended');
  // The file may be one that an earlier run left when it was killed, or that somebody has spoilt.
  const ports = await place.ports().catch(() => null);
  return ports?.supervisor_pid === started.pid ? ports : null;
}

function everythingRuns({ services, instances, events }: StatusSnapshot): boolean {
  const streams = events.sources.filter((source) => source.kind === 'stream');
  return (
    [...services, ...instances].every(
      ({ state, onDemand }) => state === 'ready' || (onDemand && state === 'stopped'),
    ) && streams.every((source) => source.state === 'connected')
  );
}

/** The settings that keep a test to itself, with those of the test on top. */
export function configText(
  folder: string,
  settings: Settings = {},
  servers: readonly Section[] = [],
): string {
  const alone: Settings = {
    supervisor: {
      control_tcp_port: 0,
      control_pipe: `\\\\.\\pipe\\pm-test-${randomUUID()}`,
      data_dir: join(folder, 'data'),
    },
    mcp: { port: 0 },
    'mcp.pool': { base_port: 0 },
    dashboard: { port: 0 },
    gui_server: { port: 0 },
  };
  const names = [...new Set([...Object.keys(alone), ...Object.keys(settings)])];
  return [
    ...names.map((name) => toml(`[${name}]`, { ...alone[name], ...settings[name] })),
    ...servers.map((server) => toml('[[servers]]', server)),
  ].join('\n');
}

/** JSON's texts, numbers, flags and lists of texts mean the same in TOML. */
function toml(header: string, section: Section): string {
  const lines = Object.entries(section).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return `${[header, ...lines].join('\n')}\n`;
}
