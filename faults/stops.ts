/** F2: the supervisor is stopped for a minute and goes on, as on a laptop that sleeps. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusSnapshot } from '../shared/status.ts';
import { freePort } from '../test/free-port.ts';
import type { RunningSupervisor } from '../test/harness.ts';
import { makePlan } from '../test/mcp-clients.ts';
import { openMcpSession } from '../test/mcp-session.ts';
import { until } from '../test/until.ts';
import { bare, emit, processesIn, serviceIn, webServer } from './cast.ts';
import { type Fault, onlyWithSignals } from './fault.ts';
import type { Stage } from './stage.ts';

/** Longer than every limit of the service below. */
const stopMs = ({ isQuick }: Stage) => (isQuick ? 5_000 : 60_000);

/** Longer than the service below is left unasked, shorter than it may take for an answer. */
const askedMs = 1_000;

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** Whom the sleep stops, in the order in which they wake. */
interface Sleepers {
  readonly supervisor: number;
  readonly children: readonly number[];
  /** Of the children, the one that is asked whether it is well. */
  readonly asked: number;
}

/**
 * Stops them for the time; they go on even after Ctrl-C. The one that is asked is stopped first, so that the
 * supervisor falls asleep over a question: on waking, its timer and the answer are both there.
 */
async function sleep(stage: Stage, { supervisor, children, asked }: Sleepers): Promise<void> {
  const all = [supervisor, asked, ...children];
  stage.defer(() => signalAll(all, 'SIGCONT'));
  signalAll([asked], 'SIGSTOP');
  await delay(askedMs);
  signalAll([supervisor, ...children], 'SIGSTOP');
  if (!children.includes(asked)) signalAll([asked], 'SIGCONT');
  await delay(stopMs(stage));
  signalAll(all, 'SIGCONT');
}

function restartsIn({ services, instances }: StatusSnapshot): number {
  return [...services, ...instances].reduce((sum, { restarts }) => sum + restarts, 0);
}

async function stopFor(
  stage: Stage,
  whichChildren: (supervisor: RunningSupervisor) => readonly number[],
): Promise<string> {
  const port = await freePort();
  // One missed answer would be enough; a busy machine may take its time for it.
  const web = webServer('web', port, { liveness_threshold: 1, liveness_timeout_ms: 2_500 });
  const supervisor = await stage.start({
    // The shortest that can be set; only the long form sleeps so long.
    settings: { 'mcp.pool': { base_port: 0, session_idle_minutes: 1 } },
    servers: [web],
  });
  const client = await stage.client(supervisor, 'agent');
  // Nothing of it is open, so that its time is counted.
  const quiet = await openMcpSession(supervisor.mcpUrl);
  const stream = await stage.subscriber(supervisor);
  const before = await supervisor.snapshot();
  await sleep(stage, {
    supervisor: supervisor.process.pid,
    children: whichChildren(supervisor),
    asked: serviceIn(before, 'web').pid ?? 0,
  });
  const woken = new Date().toISOString();
  const after = await supervisor.until('an answer of the service after the sleep', (snapshot) => {
    const { lastHealthyAt } = serviceIn(snapshot, 'web');
    return lastHealthyAt !== null && lastHealthyAt > woken;
  });
  await makePlan(client, '/work/after-the-sleep');
  const id = String(await emit(supervisor, 'after the sleep'));
  await stream.until('the next event', ({ lastEventId }) => lastEventId === id);
  const said = supervisor
    .output()
    .split('\n')
    .filter((line) => line.includes('unhealthy'));
  assert.deepEqual(processesIn(after), processesIn(before), `another process; ${said.join('; ')}`);
  assert.equal(restartsIn(after), 0);
  const { sessions } = await supervisor.snapshot();
  assert.equal(sessions.find(({ clientName }) => clientName === 'agent')?.moves, 0);
  assert.ok(
    sessions.some(({ sessionId }) => sessionId === quiet),
    'a session was ended for the time asleep',
  );
  return `${stopMs(stage) / 1_000} s stopped, ${Object.keys(processesIn(after)).length} processes the same, 0 restarts; session and event stream went on`;
}

async function stopAlone(stage: Stage): Promise<string> {
  return await stopFor(stage, () => []);
}

async function stopWithAll(stage: Stage): Promise<string> {
  return await stopFor(stage, ({ process: own, place }) => {
    const all = place.survivors().map(({ pid }) => pid);
    return all.filter((pid) => pid !== own.pid);
  });
}

/** The other way round: what hangs while the supervisor is awake is no sleeper. */
async function stopService(stage: Stage): Promise<string> {
  // It has no time to end in good order: it is stopped.
  const web = webServer('web', await freePort(), { stop_grace_ms: 500 });
  const supervisor = await stage.start({ settings: bare, servers: [web] });
  const { pid } = serviceIn(await supervisor.snapshot(), 'web');
  process.kill(pid ?? 0, 'SIGSTOP');
  const hung = await until(
    async () => {
      const now = serviceIn(await supervisor.snapshot(), 'web');
      return now.state === 'ready' && now.pid !== pid && now.restarts > 0 ? now : null;
    },
    { what: 'the service that hangs to be replaced', timeoutMs: 30_000 },
  );
  return `process ${pid} was stopped; process ${hung.pid} serves instead (${hung.restarts} restart)`;
}

export const stops: readonly Fault[] = [
  {
    id: 'F2',
    done: 'SIGSTOP of the supervisor alone, for longer than every limit, then SIGCONT',
    promised: 'no service is blamed: same processes, no restart; sessions and streams go on',
    isQuick: true,
    lacks: onlyWithSignals,
    run: stopAlone,
  },
  {
    id: 'F2b',
    done: 'the same to all its children as well, as on a suspended laptop',
    promised: 'the same',
    isQuick: false,
    lacks: () => (process.platform === 'linux' ? null : 'needs /proc to find the children'),
    run: stopWithAll,
  },
  {
    id: 'F2c',
    done: 'SIGSTOP of one service only, which hangs for ever',
    promised: 'it is found by its probe, ended and replaced',
    isQuick: false,
    lacks: onlyWithSignals,
    run: stopService,
  },
];
