/** Who takes part, and how each is started. All of them run for the whole benchmark; who has no load costs nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../test/free-port.ts';
import { startSupervisor } from '../../test/harness.ts';
import { until } from '../../test/until.ts';
import { type Children, Lines } from '../kit/children.ts';
import type { ContestantName } from './options.ts';
import { type ProxyName, prepareProxy, whyNot } from './proxies.ts';

export interface Contestant extends AsyncDisposable {
  readonly name: ContestantName;
  readonly port: number;
  /** The process whose CPU time counts; null for `direct`, which has no proxy. */
  readonly pid: number | null;
}

export interface Absence {
  readonly name: ContestantName;
  readonly reason: string;
}

export interface Field {
  readonly present: readonly Contestant[];
  readonly absent: readonly Absence[];
}

const startTimeoutMs = 10_000;
const program = join(import.meta.dirname, '../../out/main/headless.js');
/** Whoever is started as a child ends with the others. */
const nothingOfItsOwn = () => Promise.resolve();

/** Starts the upstream (`fastServer` is its program) and the given proxies before it. */
export async function startContestants(
  names: readonly ContestantName[],
  children: Children,
  fastServer: string,
): Promise<Field> {
  const present: Contestant[] = [];
  const absent: Absence[] = [];
  const direct = await startListening('direct', children, fastServer, ['0']);
  for (const name of names) {
    const reason = reasonAgainst(name);
    if (reason !== null) absent.push({ name, reason });
    else present.push(await start(name, { ...direct, pid: null }, children, fastServer));
  }
  return { present, absent };
}

function reasonAgainst(name: ContestantName): string | null {
  if (name === 'haproxy' || name === 'nginx') return whyNot(name);
  if (name === 'ours' && !existsSync(program)) return 'the program is not built: npm run build';
  return null;
}

async function start(
  name: ContestantName,
  direct: Contestant,
  children: Children,
  fastServer: string,
): Promise<Contestant> {
  switch (name) {
    case 'direct':
      return direct;
    case 'ours':
      return await startOurs(fastServer);
    case 'middleware': {
      const script = join(import.meta.dirname, 'server-middleware.ts');
      const target = `http://127.0.0.1:${direct.port}`;
      return await startListening(name, children, process.execPath, [script, target]);
    }
    case 'haproxy':
    case 'nginx':
      return await startProxy(name, children, direct.port);
  }
}

/** Starts a process that says `listening PORT`. */
async function startListening(
  name: ContestantName,
  children: Children,
  command: string,
  args: readonly string[],
): Promise<Contestant> {
  const child = children.start(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Lines(child, name).next(startTimeoutMs);
  const port = Number(/^listening (\d+)$/.exec(line)?.[1]);
  if (Number.isNaN(port)) throw new Error(`${name} did not say "listening PORT".`);
  return { name, port, pid: child.pid ?? 0, [Symbol.asyncDispose]: nothingOfItsOwn };
}

/** The supervisor as users run it, everything on, with the fast server as its pool's program. */
async function startOurs(fastServer: string): Promise<Contestant> {
  const supervisor = await startSupervisor({
    settings: {
      'mcp.node': { command: fastServer, args: ['{port}'] },
      // One instance, as the others have one upstream, for all sessions.
      'mcp.pool': { base_port: 0, max_instances: 1, max_connections_per_instance: 1_000 },
    },
  });
  return {
    name: 'ours',
    port: supervisor.ports.services['mcp_proxy'] ?? 0,
    pid: supervisor.process.pid,
    [Symbol.asyncDispose]: () => supervisor[Symbol.asyncDispose](),
  };
}

async function startProxy(
  name: ProxyName,
  children: Children,
  upstreamPort: number,
): Promise<Contestant> {
  const port = await freePort();
  const { command, args } = prepareProxy(name, children.folder, port, upstreamPort);
  const child = children.start(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const isUp = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => null);
    return answer?.ok;
  };
  await until(isUp, { what: `an answer of ${name}`, timeoutMs: startTimeoutMs });
  return { name, port, pid: child.pid ?? 0, [Symbol.asyncDispose]: nothingOfItsOwn };
}
