/**
 * `node conformance/abandoned-sessions.ts [--sessions 10000] [--waves 3]`: clients that open sessions and
 * never come back, in waves. Each wave is to be forgotten once it is idle, here and at the instance, and
 * what the supervisor holds on to afterwards must not grow. Takes some two minutes a wave (Linux).
 */
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { residentKib } from '../bench/kit/process-usage.ts';
import { startSupervisor } from '../test/harness.ts';
import { until } from '../test/until.ts';
import { retainedBytes } from './endurance/heap.ts';
import { openSession } from './endurance/session.ts';

/** Clients that open sessions at once. */
const openers = 32;
/** A minute of idleness, the shortest there is, and what the sweeper and 10,000 farewells take. */
const forgottenTimeoutMs = 240_000;
const pollMs = 1_000;
/** What the last wave may leave behind for each of its sessions; the first ones fill caches and pools. */
const allowedBytes = 100;
/**
 * What the process may have grown by since the first wave, in MiB. Resident memory is what the system sees,
 * and it never comes back to the byte: the heap's pages are given back when it suits V8. A session that
 * was not let go at all would be 10 KiB or more of it, 200 MiB after two waves.
 */
const allowedGrowthMib = 32;

async function openMany(count: number, target: Parameters<typeof openSession>[0]): Promise<void> {
  let left = count;
  const opener = async () => {
    while (left > 0) {
      left -= 1;
      await openSession(target);
    }
  };
  await Promise.all(Array.from({ length: openers }, opener));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sessions: { type: 'string', default: '10000' },
      waves: { type: 'string', default: '3' },
    },
  });
  const count = Number(values.sessions);
  await using supervisor = await startSupervisor({
    nodeFlags: ['--inspect=127.0.0.1:0'],
    settings: {
      dashboard: { enabled: false },
      'mcp.node': {
        command: process.execPath,
        args: [join(import.meta.dirname, 'endurance', 'token-server.ts'), '{port}'],
      },
      'mcp.pool': {
        base_port: 0,
        max_instances: 1,
        max_connections_per_instance: 10_000,
        session_idle_minutes: 1,
        max_sessions: 0,
      },
    },
  });
  const { pid } = supervisor.process;
  const port = supervisor.ports.services['mcp_proxy'] ?? 0;
  const target = { port, agent: new Agent({ keepAlive: true }), timeoutMs: 30_000 };
  const atInstance = async () => {
    const response = await fetch(`${supervisor.gatewayUrl}/sessions`);
    return ((await response.json()) as { readonly sessions: number }).sessions;
  };
  const known = async () => (await supervisor.snapshot()).sessions.length;
  // The instance is asked first, and not all the time: a list of 10,000 sessions costs memory, too.
  let left = { atInstance: count, here: count };
  const isForgotten = async () => {
    await delay(pollMs);
    left = { atInstance: await atInstance(), here: 0 };
    if (left.atInstance === 0) left.here = await known();
    return left.atInstance === 0 && left.here === 0;
  };
  const inspector = /ws:\S+/.exec(supervisor.output())?.[0] ?? '';
  const tell = async (when: string) =>
    console.log(
      `${when.padEnd(22)} ${(residentKib(pid) / 1024).toFixed(0).padStart(5)} MiB, ${await known()} sessions here, ${await atInstance()} at the instance`,
    );
  await tell('at the start');
  const retained: number[] = [];
  const resident: number[] = [];
  for (let wave = 1; wave <= Number(values.waves); wave += 1) {
    const begun = performance.now();
    await openMany(count, target);
    await tell(`wave ${wave}, in ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
    await until(isForgotten, {
      what: 'the sessions to be forgotten',
      timeoutMs: forgottenTimeoutMs,
      instead: () => left,
    });
    retained.push(await retainedBytes(inspector));
    resident.push(residentKib(pid) / 1024);
    await tell(`wave ${wave}, forgotten`);
  }
  target.agent.destroy();
  process.exitCode = isSettled(retained, resident, count) ? 0 : 1;
}

/** Judges what the process held on to after each wave, of its heap in bytes, and of memory in MiB. */
function isSettled(
  retained: readonly number[],
  resident: readonly number[],
  count: number,
): boolean {
  const inMib = retained.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(', ');
  console.log(`Held on to after each wave: ${inMib} MiB.`);
  const [before = 0, last = 0] = retained.slice(-2);
  const isLetGo = last <= before + allowedBytes * count;
  const [first = 0] = resident;
  const growthMib = (resident.at(-1) ?? 0) - first;
  console.log(`Resident: ${growthMib.toFixed(1)} MiB more than after the first wave.`);
  const hasSettled = isLetGo && growthMib <= allowedGrowthMib;
  console.log(hasSettled ? 'Memory has settled.' : 'Memory grows from wave to wave.');
  return hasSettled;
}

// Not by the signal alone: the supervisor is taken along.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130));
}
await main();
