/** F1: the supervisor is killed without a word, again and again, in the middle of work. */
import assert from 'node:assert/strict';
import type { Gap } from '../shared/events.ts';
import { freePort } from '../test/free-port.ts';
import type { Place, RunningSupervisor } from '../test/harness.ts';
import { type McpClient, makePlan } from '../test/mcp-clients.ts';
import { isAlive } from '../test/processes.ts';
import type { SseEvent } from '../test/sse-client.ts';
import { until } from '../test/until.ts';
import { bare, emit, isReady, serviceIn, sleeper, took, webServer } from './cast.ts';
import { type Fault, onlyOnLinux } from './fault.ts';
import type { Stage } from './stage.ts';

/** A second is promised; on a machine that does other work as well, the guardian may be late. */
const survivorsTimeoutMs = 3_000;

/** Before each kill, so that it comes in the middle of something. */
const eventsBeforeKill = 20;

const rounds = ({ isQuick }: Stage) => (isQuick ? 2 : 10);

/** The id that follows what was told, as an event or as a gap; throws where something is missing. */
function follow(next: number, { type, data, lastEventId }: SseEvent): number {
  const id = Number(lastEventId);
  const gap = type === 'gap' ? (JSON.parse(data) as Gap) : { from: id, to: id };
  assert.equal(gap.from, next, `event ${next} was told neither as an event nor as a gap`);
  return gap.to + 1;
}

/** Calls and publishes until the supervisor is gone; tells the ids that it has accepted. */
function work(supervisor: RunningSupervisor, client: McpClient, round: number) {
  const accepted: number[] = [];
  const publishing = (async () => {
    for (;;) accepted.push(await emit(supervisor, `round ${round}`));
  })();
  const calling = (async () => {
    for (let plan = 0; ; plan += 1) await makePlan(client, `/work/${round}/${plan}`);
  })();
  // Both end with the supervisor.
  const over = Promise.allSettled([publishing, calling]);
  return { accepted, over };
}

async function untilGone(place: Place, spared: number | null = null): Promise<number> {
  return await took(() =>
    until(() => place.survivors().every(({ pid }) => pid === spared), {
      what: 'the end of every process',
      timeoutMs: survivorsTimeoutMs,
      instead: () => place.survivors(),
    }),
  );
}

async function killInTraffic(stage: Stage): Promise<string> {
  const port = await freePort();
  const place = await stage.place({
    settings: { 'mcp.pool': { min_instances: 2, base_port: 0 } },
    servers: [webServer('web', port)],
  });
  let next = 1;
  let accepted = 0;
  let slowest = 0;
  let gaps = 0;
  for (let round = 1; round <= rounds(stage); round += 1) {
    const supervisor = await stage.start({ place });
    const headers = { 'last-event-id': String(next - 1) };
    const stream = await stage.subscriber(supervisor, { headers });
    const client = await stage.client(supervisor, `agent-${round}`);
    const traffic = work(supervisor, client, round);
    await until(() => traffic.accepted.length >= eventsBeforeKill && stream.events.length > 0, {
      what: 'traffic',
    });
    supervisor.process.kill('SIGKILL');
    slowest = Math.max(slowest, await untilGone(place));
    await Promise.all([supervisor.process.exited, traffic.over, stream.ended]);
    accepted += traffic.accepted.length;
    gaps += stream.events.filter(({ type }) => type === 'gap').length;
    for (const event of stream.events) next = follow(next, event);
  }
  const last = await stage.start({ place });
  const stream = await stage.subscriber(last, { headers: { 'last-event-id': String(next - 1) } });
  const end = String(await emit(last, 'the end'));
  await stream.until('the end', ({ lastEventId }) => lastEventId === end);
  for (const event of stream.events) next = follow(next, event);
  return `${rounds(stage)} kills, ${accepted} events accepted, ${next - 1} ids told without a hole (${gaps} announced gaps), last process gone after ${slowest} ms at most`;
}

async function killBesideKept(stage: Stage): Promise<string> {
  const port = await freePort();
  const place = await stage.place({
    settings: bare,
    servers: [sleeper('mortal'), webServer('kept', port, { on_supervisor_exit: 'keep' })],
  });
  let pid: number | null = null;
  for (let round = 1; round <= rounds(stage); round += 1) {
    const supervisor = await stage.start({ place, isReady: isReady('kept') });
    const kept = serviceIn(await supervisor.snapshot(), 'kept');
    assert.equal(kept.restarts, 0);
    pid ??= kept.pid;
    assert.equal(kept.pid, pid, 'the kept service has another process');
    supervisor.process.kill('SIGKILL');
    await untilGone(place, pid);
    assert.ok(isAlive(pid ?? 0), 'the kept service died with the supervisor');
  }
  return `process ${pid} through ${rounds(stage)} kills, 0 restarts, nothing else left`;
}

export const kills: readonly Fault[] = [
  {
    id: 'F1',
    done: 'kill -9 of the supervisor, again and again, in the middle of MCP calls and events',
    promised:
      'no process of it lives on (within a second); the next start goes on; every event id is told, or its loss is',
    isQuick: true,
    lacks: onlyOnLinux,
    run: killInTraffic,
  },
  {
    id: 'F1b',
    done: 'the same beside a service with on_supervisor_exit = "keep"',
    promised: 'that one keeps its process, without a restart; all others end',
    isQuick: false,
    lacks: onlyOnLinux,
    run: killBesideKept,
  },
];
