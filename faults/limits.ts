/** F11: the supervisor runs into a limit of the system: no more file descriptors, no more processes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../test/free-port.ts';
import type { RunningSupervisor } from '../test/harness.ts';
import { makePlan } from '../test/mcp-clients.ts';
import { until } from '../test/until.ts';
import { emit, isReady, processesIn, serviceIn, sleeper, timesIn, webServer } from './cast.ts';
import type { Fault } from './fault.ts';
import type { Stage } from './stage.ts';

/** Connections that ask for more than there is. */
const floodConnections = 60;

/** So many descriptors are left when the limit comes down: too few for a process, which needs three pipes. */
const spareDescriptors = 2;

/** For each descriptor that comes free meanwhile. */
const floodMore = 5;

/** Some probes of the web server long. */
const unaskedMs = 1_000;

/** What waits at a limit waits for others too. */
const patientMs = 30_000;

const said = 'has reached a limit of the system';

async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** The soft limit of a running process. */
function limit(pid: number, files: number | 'hard'): void {
  const soft = files === 'hard' ? hardLimit(pid) : String(files);
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
}

function hardLimit(pid: number): string {
  const args = ['--pid', String(pid), '--nofile', '--output', 'HARD', '--noheadings'];
  return execFileSync('prlimit', args, { encoding: 'utf8' }).trim();
}

/** It may have ended by itself since one looked. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function flood(
  stage: Stage,
  { gatewayUrl }: RunningSupervisor,
  count = floodConnections,
): readonly Socket[] {
  const port = Number(new URL(gatewayUrl).port);
  const sockets = Array.from({ length: count }, () =>
    // Each may be cut off at once.
    connect(port, '127.0.0.1').on('error', () => {}),
  );
  stage.defer(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

async function noDescriptors(stage: Stage): Promise<string> {
  const port = await freePort();
  const supervisor = await stage.start({
    settings: { reconnect: { initial_delay_ms: 200, max_delay_ms: 1_000 } },
    // One answer less would be one too many.
    servers: [
      // With a port of its own: that nobody can look whether it is free accuses nobody.
      webServer('victim', await freePort()),
      webServer('web', port, { liveness_threshold: 1, liveness_timeout_ms: 2_500 }),
    ],
  });
  const { pid } = supervisor.process;
  const client = await stage.client(supervisor, 'agent');
  const stream = await stage.subscriber(supervisor);
  const before = processesIn(await supervisor.snapshot());
  const files = await openFiles(pid);
  limit(pid, files + spareDescriptors);
  const sockets = [...flood(stage, supervisor)];
  process.kill(before['victim'] ?? 0, 'SIGKILL');
  const stuck = await until(
    async () => {
      // What the dead one has given back is taken as well; when it was quicker, it dies again.
      sockets.push(...flood(stage, supervisor, floodMore));
      const snapshot = await supervisor.snapshot();
      const { pid: alive, restarts } = serviceIn(snapshot, 'victim');
      if (alive !== null && alive !== before['victim']) killIfThere(alive);
      return alive === null && restarts >= 2 ? snapshot : null;
    },
    { what: 'the service that cannot be started', timeoutMs: patientMs },
  );
  const { reason, nextRetryAt } = serviceIn(stuck, 'victim');
  assert.match(reason, /limit of the system \(EMFILE\)/);
  assert.notEqual(nextRetryAt, null, 'it is not tried again');
  // What the dead one has given back is taken as well, so that nobody can be asked any more.
  await until(
    async () => {
      sockets.push(...flood(stage, supervisor, floodMore));
      const { lastHealthyAt } = serviceIn(await supervisor.snapshot(), 'web');
      return Date.now() - Date.parse(lastHealthyAt ?? '') > unaskedMs;
    },
    { what: 'a while in which the web server cannot be asked', timeoutMs: patientMs },
  );
  // The page of numbers, and what reads /proc, need descriptors too.
  await supervisor.control<'Doctor'>({ type: 'Doctor' });
  const id = String(await emit(supervisor, 'at the limit'));
  await stream.until('an event at the limit', ({ lastEventId }) => lastEventId === id);
  for (const socket of sockets) socket.destroy();
  limit(pid, 'hard');
  const back = await supervisor.until('the service again', isReady('victim'), patientMs);
  await makePlan(client, '/work/after-the-limit');
  const { victim: _victim, ...others } = before;
  const { victim: _renewed, ...same } = processesIn(back);
  assert.deepEqual(same, others, 'a service that had nothing to do with it was restarted');
  assert.equal(timesIn(supervisor.output(), said), 1 + timesIn(stuckReasons(supervisor), said));
  assert.ok(!/FATAL|a mistake of the supervisor/.test(supervisor.output()));
  assert.ok(supervisor.process.isRunning);
  return `${files} descriptors and ${spareDescriptors} more, ${sockets.length} connections: it stayed up, said so once, events went on, "${reason.slice(0, 90)}…"; with room again it started, ${Object.keys(same).length} other processes the same`;
}

/** The lines about services say their cause as well; the one about the limit comes beside them. */
function stuckReasons(supervisor: RunningSupervisor): string {
  return supervisor
    .output()
    .split('\n')
    .filter((line) => line.includes('service='))
    .join('\n');
}

const floodRounds = 5;

/** So many are left when a flood comes. */
const floodSpare = 20;

/** Requests of our own, and what they open, come and go; one descriptor lost in each round is more. */
const passingDescriptors = 3;

/** More connections than descriptors, from the start on, again and again; none may stay behind. */
async function floodOften(stage: Stage): Promise<string> {
  const supervisor = await stage.start({ servers: [sleeper('bystander')] });
  const { pid } = supervisor.process;
  const before = processesIn(await supervisor.snapshot());
  const files = await openFiles(pid);
  for (let round = 1; round <= floodRounds; round += 1) {
    limit(pid, files + floodSpare);
    const sockets = flood(stage, supervisor);
    const over = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    // There is room for some; the others are refused, or wait for what the first ones leave.
    await until(async () => (await openFiles(pid)) >= files + floodSpare - passingDescriptors, {
      what: `flood ${round} to take what is left`,
    });
    await supervisor.control<'Status'>({ type: 'Status' });
    for (const socket of sockets) socket.destroy();
    await Promise.all(over);
    await until(async () => (await openFiles(pid)) <= files + passingDescriptors, {
      what: `the sockets of flood ${round} to be closed`,
    });
  }
  limit(pid, 'hard');
  const response = await fetch(`${supervisor.gatewayUrl}/health`);
  assert.equal(response.status, 200);
  assert.deepEqual(processesIn(await supervisor.snapshot()), before);
  return `${floodRounds} floods of ${floodConnections} connections over ${files + floodSpare} descriptors: all let go, ${await openFiles(pid)} open now (${files} before), the gateway answers`;
}

/** Where a group of processes can be given a limit of their number; v2 and v1 of control groups. */
async function pidsFolder(): Promise<string | null> {
  const v2 = await readFile('/sys/fs/cgroup/cgroup.subtree_control', 'utf8').catch(() => '');
  if (v2.includes('pids')) return '/sys/fs/cgroup';
  const v1 = await readdir('/sys/fs/cgroup/pids').catch(() => []);
  return v1.length > 0 ? '/sys/fs/cgroup/pids' : null;
}

const processGroups = process.platform === 'linux' ? await pidsFolder() : null;

async function noProcesses(stage: Stage): Promise<string> {
  const supervisor = await stage.start({
    settings: { reconnect: { initial_delay_ms: 200, max_delay_ms: 1_000 } },
    servers: [sleeper('victim'), sleeper('bystander')],
  });
  const { pid } = supervisor.process;
  const before = processesIn(await supervisor.snapshot());
  const group = join(processGroups ?? '', `pm-faults-${pid}`);
  await mkdir(group);
  // Its processes have ended by then.
  stage.defer(async () => {
    const isGone = () =>
      rmdir(group).then(
        () => true,
        () => false,
      );
    await until(isGone, { what: `the end of all in ${group}` });
  });
  stage.defer(() => supervisor[Symbol.asyncDispose]());
  await writeFile(join(group, 'cgroup.procs'), String(pid));
  await writeFile(join(group, 'pids.max'), await readFile(join(group, 'pids.current'), 'utf8'));
  process.kill(before['victim'] ?? 0, 'SIGKILL');
  const stuck = await supervisor.until(
    'the service that cannot be started',
    (it) => serviceIn(it, 'victim').restarts >= 2 && serviceIn(it, 'victim').pid === null,
    patientMs,
  );
  const { reason } = serviceIn(stuck, 'victim');
  assert.match(reason, /limit of the system \(EAGAIN\)/);
  await emit(supervisor, 'at the limit');
  await writeFile(join(group, 'pids.max'), 'max');
  const back = await supervisor.until('the service again', isReady('victim'), patientMs);
  const { victim: _victim, ...others } = before;
  const { victim: _renewed, ...same } = processesIn(back);
  assert.deepEqual(same, others);
  return `"${reason.slice(0, 100)}…"; it stayed up, events went on, with room again the service started; ${Object.keys(same).length} other processes the same`;
}

function lacks(): string | null {
  if (process.platform !== 'linux') return 'needs prlimit, which only Linux has';
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'needs prlimit (util-linux)';
  }
}

export const limits: readonly Fault[] = [
  {
    id: 'F11',
    done: 'no file descriptor is left (EMFILE): connections flood it while a service has to be started again',
    promised:
      'it stays up and says so once; no other service is blamed; what has connections goes on; it recovers by itself',
    isQuick: true,
    lacks,
    run: noDescriptors,
  },
  {
    id: 'F11b',
    done: 'floods of connections over the limit, five times',
    promised:
      'the connections are refused or let go, no descriptor stays behind, the gateway goes on',
    isQuick: false,
    lacks,
    run: floodOften,
  },
  {
    id: 'F11c',
    done: 'no process can be started (EAGAIN), while a service has to be started again',
    promised: 'it stays up, tells the cause and recovers by itself; others are untouched',
    isQuick: false,
    lacks: () =>
      processGroups !== null && process.getuid?.() === 0
        ? null
        : 'needs root and control groups with a limit of processes',
    run: noProcesses,
  },
];
