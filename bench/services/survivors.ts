/**
 * What is left of the six shapes of process trees after a stop, and after a kill -9 of the supervisor,
 * and for how long: `node bench/services/survivors.ts [rounds]`. Ten rounds unless told. What is counted
 * is every process that was started by the run, known by an environment variable that is not ours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { treeShapes } from '../../main/supervisor/services/tree-shapes.test-helper.ts';
import { type RunningSupervisor, startSupervisor } from '../../test/harness.ts';
import { median } from '../kit/quantile.ts';

/** What does not obey is killed after so long, in ms. */
const stopGraceMs = 300;

/** How long survivors are waited for before they are called that, in ms. */
const patienceMs = 5_000;

const shapes = Object.entries(treeShapes).map(([title, script], index) => ({
  name: `shape-${index + 1}`,
  title,
  script,
}));

interface Outcome {
  readonly times: number[];
  survivors: number;
}

const outcome = (): Outcome => ({ times: [], survivors: 0 });
const stops = new Map(shapes.map(({ name }) => [name, outcome()]));
const kills = outcome();

async function open(): Promise<RunningSupervisor> {
  return await startSupervisor({
    settings: { mcp: { enabled: false, port: 0 }, dashboard: { enabled: false, port: 0 } },
    servers: shapes.map(({ name, script }) => ({
      name,
      command: 'sh',
      args: ['-c', script],
      readiness_log: '^up$',
      restart_policy: 'never_restart',
      stop_grace_ms: stopGraceMs,
    })),
    // The leader that died first is swept at once, and starts no second time.
    isReady: ({ services }) =>
      services
        .filter(({ kind }) => kind === 'server')
        .every(({ state }) => state === 'ready' || state === 'stopped'),
  });
}

/** Children of a run, the supervisor itself not counted. */
function childrenOf({ place, process: { pid } }: RunningSupervisor): readonly number[] {
  return place.survivors().flatMap((each) => (each.pid === pid ? [] : [each.pid]));
}

/** Stops one shape after the other: what belongs to it is what was there before and ought to be gone. */
async function stopEach(supervisor: RunningSupervisor): Promise<void> {
  for (const { name } of shapes) await supervisor.client.send({ type: 'Stop', service: name });
  await untilNone(supervisor);
  for (const { name } of shapes) {
    await startOne(supervisor, name);
    const start = performance.now();
    await supervisor.client.send({ type: 'Stop', service: name });
    await supervisor.until(`${name} to be stopped`, ({ services }) =>
      services.some((each) => each.name === name && each.state === 'stopped'),
    );
    const result = stops.get(name);
    result?.times.push(performance.now() - start);
    if (result) result.survivors += childrenOf(supervisor).length;
  }
}

/** Resolves when its tree stands; that of a leader that exits at once has been swept by then. */
async function startOne(supervisor: RunningSupervisor, name: string): Promise<void> {
  const asked = new Date().toISOString();
  await supervisor.client.send({ type: 'Start', service: name }).catch(() => {});
  await supervisor.until(`${name} to be up`, ({ services }) => {
    const service = services.find((each) => each.name === name);
    const hasEnded = service?.state === 'stopped' && (service.lastExit?.at ?? '') >= asked;
    return service?.state === 'ready' || hasEnded;
  });
}

async function untilNone(supervisor: RunningSupervisor): Promise<number> {
  const start = performance.now();
  while (childrenOf(supervisor).length > 0) {
    if (performance.now() - start > patienceMs) break;
    await delay(1);
  }
  return performance.now() - start;
}

async function killSupervisor(supervisor: RunningSupervisor): Promise<void> {
  const standing = childrenOf(supervisor).length;
  if (standing < shapes.length) throw new Error(`only ${standing} processes were up`);
  supervisor.process.kill('SIGKILL');
  kills.times.push(await untilNone(supervisor));
  kills.survivors += childrenOf(supervisor).length;
}

function report(title: string, { times, survivors }: Outcome): string {
  const [middle, slowest] = [median(times), Math.max(...times)].map((each) => each.toFixed(0));
  return `  ${title.padEnd(52)}${String(survivors).padStart(5)}${String(middle).padStart(9)}${String(slowest).padStart(9)}`;
}

const rounds = Number(process.argv[2] ?? 10);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('Usage: node bench/services/survivors.ts [rounds]');
  process.exit(1);
}
for (let round = 1; round <= rounds; round += 1) {
  {
    await using supervisor = await open();
    await stopEach(supervisor);
  }
  await using supervisor = await open();
  await killSupervisor(supervisor);
}
console.log(`Survivors, and ms until the last was gone; ${rounds} rounds, grace ${stopGraceMs} ms`);
console.log(`  ${''.padEnd(52)} left   median  slowest`);
for (const { name, title } of shapes) console.log(report(title, stops.get(name) ?? outcome()));
console.log(report('all six, after kill -9 of the supervisor', kills));
