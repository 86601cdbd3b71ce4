/**
 * Sessions under load on instances that are killed at random, through the whole program. Every call
 * carries a token that no other call has, so that an answer that went astray is seen, and so is a call
 * that was made twice and should not have been.
 */
import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Place, type RunningSupervisor, startSupervisor } from '../../test/harness.ts';
import { openSession, post } from './session.ts';

export interface KillOptions {
  readonly seconds: number;
  readonly sessions: number;
  readonly instances: number;
}

export interface KillReport {
  readonly kills: number;
  readonly reads: number;
  readonly sends: number;
  /** Sends whose instance died meanwhile: they were refused with a sentence, as they must be. */
  readonly interrupted: number;
  readonly lost: number;
  /** The slowest call, in ms. */
  readonly slowestMs: number;
  /** Everything that must not happen, as sentences. */
  readonly faults: readonly string[];
}

/** A call waits for a new home up to 10 s; beyond that something hangs. */
const callTimeoutMs = 30_000;

/**
 * A busy machine may make few calls in the time that was asked for. Then the kills go on, for no longer than
 * this, until there were two calls that do something for each session: fewer say nothing.
 */
const longestExtraMs = 30_000;
const telling = 2;

/** Time between two kills, in ms, at random up to this. */
const longestPauseMs = 500;

/** What a client sends: three reads, then a call that does something. */
const sendEvery = 4;

interface Tally {
  reads: number;
  sends: number;
  interrupted: number;
  slowestMs: number;
  readonly faults: string[];
}

export async function runKills(options: KillOptions): Promise<KillReport> {
  await using place = await Place.create(settingsFor(options));
  const worked = join(place.folder, 'worked');
  await place.writeConfig((await place.readConfig()).replace('WORKED', worked));
  await using supervisor = await startSupervisor({ place });
  const agent = new Agent({ keepAlive: true });
  const port = supervisor.ports.services['mcp_proxy'] ?? 0;
  const target = { port, agent, timeoutMs: callTimeoutMs };
  const ids = await Promise.all(
    Array.from({ length: options.sessions }, () => openSession(target)),
  );
  const tally: Tally = { reads: 0, sends: 0, interrupted: 0, slowestMs: 0, faults: [] };
  const over = new AbortController();
  const clients = ids.map((id) => work(target, id, tally, over.signal));
  const isTelling = () => tally.sends >= options.sessions * telling;
  const kills = await killAtRandom(supervisor, options.seconds, isTelling);
  over.abort();
  await Promise.all(clients);
  const known = new Set((await supervisor.snapshot()).sessions.map(({ sessionId }) => sessionId));
  agent.destroy();
  const lost = ids.filter((id) => !known.has(id)).length;
  const twice = await madeTwice(worked);
  return {
    ...tally,
    kills,
    lost,
    faults: [...tally.faults, ...twice.map((token) => `${token} was sent twice`)],
  };
}

function settingsFor({ instances }: KillOptions) {
  return {
    settings: {
      dashboard: { enabled: false },
      // Instances are killed far more often than in life; their waits must not grow with it.
      reconnect: { initial_delay_ms: 100, max_delay_ms: 200, cooldown_after_attempts: 0 },
      'mcp.node': {
        command: process.execPath,
        args: [join(import.meta.dirname, 'token-server.ts'), '{port}', 'WORKED'],
      },
      'mcp.pool': {
        base_port: 0,
        min_instances: instances,
        max_instances: instances,
        max_connections_per_instance: 1_000,
      },
    },
  };
}

/** Kills one ready instance after another, never the last one; returns how many. */
async function killAtRandom(
  supervisor: RunningSupervisor,
  seconds: number,
  isTelling: () => boolean,
): Promise<number> {
  const end = performance.now() + seconds * 1_000;
  const isOver = () =>
    performance.now() >= end && (isTelling() || performance.now() >= end + longestExtraMs);
  let kills = 0;
  while (!isOver()) {
    const ready = (await supervisor.snapshot()).instances.filter(
      ({ state, pid }) => state === 'ready' && pid !== null,
    );
    const victim = ready.length > 1 ? ready[randomInt(ready.length)] : undefined;
    if (kill(victim?.pid ?? null)) kills += 1;
    await delay(randomInt(longestPauseMs));
  }
  return kills;
}

/** False when it has gone already, and the news is still on its way. */
function kill(pid: number | null): boolean {
  try {
    return pid !== null && process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

async function work(
  target: Parameters<typeof post>[0],
  sessionId: string,
  tally: Tally,
  over: AbortSignal,
): Promise<void> {
  for (let number = 1; !over.aborted; number += 1) {
    const tool = number % sendEvery === 0 ? 'send' : 'look';
    const token = `${sessionId}/${number}`;
    const begun = performance.now();
    try {
      judge(tool, token, await call(target, sessionId, tool, token), tally);
    } catch (error) {
      tally.faults.push(`${tool} ${token}: ${String(error)}`);
    }
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - begun);
  }
}

async function call(
  target: Parameters<typeof post>[0],
  sessionId: string,
  tool: string,
  token: string,
) {
  const params = { name: tool, arguments: { token } };
  return await post(target, sessionId, { id: token, method: 'tools/call', params });
}

interface Answer {
  readonly id?: unknown;
  readonly result?: { readonly token?: unknown };
  readonly error?: {
    readonly code?: unknown;
    readonly data?: { readonly code?: unknown; readonly retryable?: unknown };
  };
}

/** A read is answered with its token; a send is, or is refused because its instance died. */
function judge(
  tool: 'look' | 'send',
  token: string,
  { status, messages }: Awaited<ReturnType<typeof post>>,
  tally: Tally,
): void {
  if (tool === 'look') tally.reads += 1;
  else tally.sends += 1;
  const [answer, ...more] = messages as readonly Answer[];
  const isOne = status === 200 && more.length === 0 && answer?.id === token;
  if (isOne && answer.error === undefined && answer.result?.token === token) return;
  const { code, data } = answer?.error ?? {};
  const isRefusal = code === -32000 && data?.code === 'call_interrupted';
  if (isOne && tool === 'send' && isRefusal && data.retryable === false) tally.interrupted += 1;
  else tally.faults.push(`${tool} ${token}: ${status} ${JSON.stringify(messages)}`);
}

/** The tokens that instances have worked on more than once. */
async function madeTwice(file: string): Promise<readonly string[]> {
  const tokens = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const seen = new Set<string>();
  return tokens.filter((token) => seen.has(token) || !seen.add(token));
}
