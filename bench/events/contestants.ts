/** Who takes part, and how each is started. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type Children, Lines } from '../kit/children.ts';
import { packageVersion } from '../kit/machine.ts';
import { nginxVersion } from '../kit/nginx.ts';
import { prepareNchan, whyNoNchan } from './nchan.ts';
import type { ContestantName } from './options.ts';
import {
  type RequestFile,
  type RequestPlan,
  writeDeliveries,
  writePlainRequests,
} from './requests.ts';

/** A contestant's process. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  readonly path: string;
  /** Takes the commands of contestant-process.ts; null when it publishes by POST only. */
  readonly publishTo: Writable | null;
  /** Makes requests that publish an event each; null when it has no such way in. */
  readonly writeRequests: ((plan: RequestPlan) => RequestFile) | null;
  /** What it tells about itself at the end. */
  readonly report: () => Promise<ServerReport>;
}

/** `lost` events were not taken by the journal. */
export interface ServerReport {
  readonly lost?: number;
}

export interface Contestant {
  readonly name: ContestantName;
  readonly title: string;
  /** Temporary files go to `folder`. */
  readonly start: (children: Children, folder: string) => Promise<RunningServer>;
}

export interface Absence {
  readonly name: ContestantName;
  readonly reason: string;
}

/** The versions of the libraries and programs that take part. */
export function versionsOf(contestants: readonly Contestant[]): readonly string[] {
  const has = (name: ContestantName) => contestants.some((each) => each.name === name);
  const packages = (['better-sse', 'express'] as const).filter(has).map(packageVersion);
  return [...packages, ...(has('nchan') ? [nginxVersion()] : [])];
}

const startTimeoutMs = 10_000;
const nothing = () => Promise.resolve({});

/** Those of the given names that can take part here, and the reasons of the others. */
export function findContestants(
  names: readonly ContestantName[],
  tokioServer = builtTokio,
): { readonly present: readonly Contestant[]; readonly absent: readonly Absence[] } {
  const absent: Absence[] = [];
  const present: Contestant[] = [];
  const add = (name: ContestantName, reason: string | null, rest: Omit<Contestant, 'name'>) => {
    if (!names.includes(name)) return;
    if (reason === null) present.push({ name, ...rest });
    else absent.push({ name, reason });
  };
  add('ours', null, {
    title: 'ours',
    start: (children, folder) => startOurs(children, folder, ['journal']),
  });
  add('ours-memory', null, {
    title: 'no journal',
    start: (children, folder) => startOurs(children, folder, []),
  });
  for (const name of ['better-sse', 'express'] as const) {
    add(name, null, {
      title: name,
      start: (children) =>
        startCommanded(children, name, process.execPath, [script(`server-${name}.ts`)], {
          writeRequests: writePlainRequests,
        }),
    });
  }
  add('nchan', whyNoNchan(), { title: 'nchan', start: startNchan });
  add('tokio', whyNoTokio(tokioServer), {
    title: 'tokio',
    start: (children) =>
      startCommanded(children, 'tokio', tokioServer, [], { writeRequests: null }),
  });
  return { present, absent };
}

/** Where `cargo build --release` leaves it (server-tokio/Cargo.toml says how). */
const builtTokio = join(import.meta.dirname, 'server-tokio', 'target', 'release', 'server-tokio');

function whyNoTokio(program: string): string | null {
  return existsSync(program) ? null : 'server-tokio is not built, see its Cargo.toml';
}

function script(name: string): string {
  return join(import.meta.dirname, name);
}

async function startOurs(
  children: Children,
  folder: string,
  flags: readonly string[],
): Promise<RunningServer> {
  const secret = randomBytes(16).toString('hex');
  const args = [script('server-ours.ts'), folder, secret, ...flags];
  return await startCommanded(children, 'ours', process.execPath, args, {
    writeRequests: (plan) => writeDeliveries(plan, secret),
    hasReport: true,
  });
}

/** Starts a process that speaks as contestant-process.ts has it. */
async function startCommanded(
  children: Children,
  name: string,
  command: string,
  args: readonly string[],
  rest: Pick<RunningServer, 'writeRequests'> & { readonly hasReport?: boolean },
): Promise<RunningServer> {
  const child = children.start(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = new Lines(child, name);
  const port = Number(/^listening (\d+)$/.exec(await lines.next(startTimeoutMs))?.[1]);
  if (Number.isNaN(port)) throw new Error(`${name} did not say "listening PORT".`);
  const { stdin } = child;
  const report = async () => {
    stdin?.write('report\n');
    return JSON.parse(await lines.next(startTimeoutMs)) as ServerReport;
  };
  return {
    pid: child.pid ?? 0,
    port,
    path: '/events',
    publishTo: stdin,
    writeRequests: rest.writeRequests,
    report: rest.hasReport ? report : nothing,
  };
}

async function startNchan(children: Children, folder: string): Promise<RunningServer> {
  const { command, args, port } = await prepareNchan(folder);
  const child = children.start(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  await untilListening(port);
  return {
    pid: child.pid ?? 0,
    port,
    path: '/events',
    publishTo: null,
    writeRequests: writePlainRequests,
    report: nothing,
  };
}

async function untilListening(port: number): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  while (!(await canConnect(port))) {
    if (performance.now() > deadline) throw new Error(`Nothing listens on port ${port}.`);
    await delay(20);
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
