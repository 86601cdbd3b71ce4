/**
 * The gateway benchmark: the supervisor, everything on, against other proxies, in one run. Rounds are
 * interleaved and in random order, so that what else the machine does hits everybody alike; ratios and
 * CPU times are worth more than calls a second. Every wait has an end, and nothing is left behind.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, startContestants } from './gateway/contestants.ts';
import { LoadClient } from './gateway/load-client.ts';
import { type Options, readOptions, usage } from './gateway/options.ts';
import { measureMs, type Plan, plans, warmUpMs, warmUpPlans } from './gateway/plans.ts';
import { proxyVersion, whyNot } from './gateway/proxies.ts';
import { Results } from './gateway/results.ts';
import { type Run, renderRun } from './gateway/tables.ts';
import type { Children } from './kit/children.ts';
import { describeMachine } from './kit/machine.ts';
import { cpuSeconds } from './kit/process-usage.ts';
import {
  childrenUntilExit,
  messageOf,
  needBuild,
  needLinux,
  progress,
  runProgram,
} from './kit/program.ts';
import { shuffled } from './kit/shuffled.ts';

/** How long a run may take, in ms; what does not fit any more is left out, and said. */
const budgetMs = { full: 590_000, quick: 57_000 };

interface Bench {
  readonly options: Options;
  readonly contestants: readonly Contestant[];
  readonly results: Results;
  readonly children: Children;
  readonly callClient: string;
}

/** Runs the rounds; returns how many were begun. */
async function runRounds({ options, contestants, ...bench }: Bench): Promise<number> {
  const { results } = bench;
  const deadline = performance.now() + budgetMs[options.quick ? 'quick' : 'full'];
  const ms = measureMs[options.quick ? 'quick' : 'full'];
  for (const contestant of contestants) {
    progress(`warming up: ${contestant.name}`);
    const warmMs = warmUpMs[options.quick ? 'quick' : 'full'];
    for (const plan of warmUpPlans) await warmUp(contestant, plan, bench, warmMs);
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const plan of shuffled(plans)) {
      for (const contestant of shuffled(contestants)) {
        if (performance.now() > deadline) {
          results.troubles.push('The time was up; the rest was left out.');
          return round;
        }
        progress(`round ${round} of ${options.rounds}: ${plan.name}, ${contestant.name}`);
        await measureSafely(contestant, plan, { ...bench, round, ms });
      }
    }
  }
  return options.rounds;
}

interface Measurement extends Omit<Bench, 'options' | 'contestants'> {
  readonly round: number;
  readonly ms: number;
}

/** Whoever compiles while it runs is as it will be for days, not as in its first second. */
async function warmUp(
  { port }: Contestant,
  plan: Plan,
  { children, callClient }: Pick<Bench, 'children' | 'callClient'>,
  ms: number,
): Promise<void> {
  const client = new LoadClient(children, callClient, port);
  try {
    await client.open(plan);
    await client.calls(ms, plan.tool);
    await client.close();
  } catch {
    // The rounds will tell what is the matter.
    client.kill();
  }
}

/** A contestant that fails costs its numbers, not the run. */
async function measureSafely(
  contestant: Contestant,
  plan: Plan,
  measurement: Measurement,
): Promise<void> {
  const { children, callClient, results } = measurement;
  const client = new LoadClient(children, callClient, contestant.port);
  try {
    await measure(client, contestant, plan, measurement);
    await client.close();
  } catch (error) {
    results.troubles.push(`${contestant.name}, ${plan.name}: ${messageOf(error)}`);
    client.kill();
  }
}

async function measure(
  client: LoadClient,
  { name, pid }: Contestant,
  plan: Plan,
  { results, round, ms }: Measurement,
): Promise<void> {
  await client.open(plan);
  await client.calls(ms / 3, plan.tool);
  const before = pid === null ? 0 : cpuSeconds(pid);
  const answer = await client.calls(ms, plan.tool);
  const used = pid === null ? null : cpuSeconds(pid) - before;
  if (answer.errors > 0) {
    results.troubles.push(
      `${name}, ${plan.name}: ${answer.errors} wrong answers, the first: ${answer.firstError}`,
    );
  }
  results.add(name, plan.name, round, {
    callsPerSecond: answer.calls / (answer.nanoseconds / 1e9),
    cpuUs: used === null ? null : (used * 1e6) / answer.calls,
    p50Ms: answer.p50 / 1e6,
    p99Ms: answer.p99 / 1e6,
    clientShare: answer.cpuNanoseconds / answer.nanoseconds,
  });
}

/** Compiles one of our C programs. */
function compile(name: string, folder: string): string {
  const program = join(folder, name);
  const source = join(import.meta.dirname, 'gateway', `${name}.c`);
  execFileSync('cc', ['-O2', '-o', program, source], { stdio: 'inherit' });
  return program;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(usage);
    return;
  }
  needLinux('it reads CPU time from /proc');
  needBuild();
  const children = childrenUntilExit();
  const machine = describeMachine([]);
  const callClient = compile('call-client', children.folder);
  const fastServer = compile('fast-server', children.folder);
  const { present, absent } = await startContestants(options.only, children, fastServer);
  const results = new Results();
  let rounds = 0;
  try {
    rounds = await runRounds({ options, contestants: present, results, children, callClient });
  } finally {
    for (const contestant of present) await contestant[Symbol.asyncDispose]();
    await children.endAll();
  }
  progress('');
  const versions = (['haproxy', 'nginx'] as const)
    .filter((name) => whyNot(name) === null)
    .map(proxyVersion);
  const run: Run = {
    machine: { ...machine, versions: [...machine.versions, ...versions] },
    rounds,
    contestants: present.map(({ name }) => name),
    absent,
    results,
  };
  process.stdout.write(renderRun(run));
  if (options.jsonFile !== null) {
    const { troubles } = results;
    const content = { machine: run.machine, rounds, absent, values: results.all(), troubles };
    writeFileSync(options.jsonFile, `${JSON.stringify(content, null, 2)}\n`);
  }
}

await runProgram(main);
