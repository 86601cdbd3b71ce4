/**
 * The event benchmark: our event room against other servers, in one run. Rounds are interleaved and in
 * random order, so that what else the machine does hits everybody alike; ratios are worth more than
 * numbers. Every wait has an end, and nothing is left behind, also after Ctrl-C.
 */
import { writeFileSync } from 'node:fs';
import { type Contestant, findContestants, versionsOf } from './events/contestants.ts';
import { judge } from './events/goals.ts';
import { type LoadProgram, prepareLoadProgram } from './events/load-client.ts';
import { type Options, readOptions, usage } from './events/options.ts';
import { fullPlans, type Plan, quickPlans } from './events/plans.ts';
import { Results } from './events/results.ts';
import { canFollow, sit } from './events/sitting.ts';
import { type Run, renderRun } from './events/tables.ts';
import type { Children } from './kit/children.ts';
import { describeMachine } from './kit/machine.ts';
import { childrenUntilExit, messageOf, needLinux, progress, runProgram } from './kit/program.ts';
import { shuffled } from './kit/shuffled.ts';

/** How long a run may take, in ms; what does not fit any more is left out, and said. */
const budgetMs = { full: 590_000, quick: 57_000 };

interface Bench {
  readonly options: Options;
  readonly contestants: readonly Contestant[];
  readonly plans: readonly Plan[];
  readonly results: Results;
  readonly children: Children;
  readonly program: LoadProgram;
}

/** Runs the rounds; returns how many were begun. When the time is up, what runs is ended, and the rest left out. */
async function runRounds(bench: Bench): Promise<number> {
  const { options, plans, contestants, results, children } = bench;
  let isTimeUp = false;
  const timer = setTimeout(
    () => {
      isTimeUp = true;
      results.troubles.push('The time was up; the rest was left out.');
      void children.endAll();
    },
    options.quick ? budgetMs.quick : budgetMs.full,
  );
  let round = 0;
  while (round < options.rounds && !isTimeUp) {
    round += 1;
    for (const plan of shuffled(plans)) {
      for (const contestant of shuffled(contestants.filter((each) => canFollow(each, plan)))) {
        if (isTimeUp) break;
        progress(`round ${round} of ${options.rounds}: ${describe(plan)}, ${contestant.name}`);
        await sitSafely(contestant, plan, bench);
      }
    }
  }
  clearTimeout(timer);
  return round;
}

/** A contestant that fails costs its numbers, not the run. */
async function sitSafely(contestant: Contestant, plan: Plan, bench: Bench): Promise<void> {
  const { results, children, program } = bench;
  try {
    await sit(contestant, plan, results, children, program);
  } catch (error) {
    results.troubles.push(`${contestant.name}, ${describe(plan)}: ${messageOf(error)}`);
  }
}

function describe(plan: Plan): string {
  if (plan.kind === 'stalled') return `${plan.readers} readers and ${plan.stalled} stalled`;
  const way = plan.kind === 'post' ? ', by POST' : '';
  return `${plan.subscribers} ${plan.subscribers === 1 ? 'subscriber' : 'subscribers'}${way}`;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(usage);
    return;
  }
  needLinux('it reads CPU time and memory from /proc');
  const children = childrenUntilExit();
  const { present, absent } = findContestants(options.only, process.env['TOKIO_SSE_SERVER']);
  const machine = describeMachine(versionsOf(present));
  const program = await prepareLoadProgram(children.folder);
  const plans = options.quick ? quickPlans : fullPlans;
  const results = new Results();
  const bench = { options, contestants: present, plans, results, children, program };
  const rounds = await runRounds(bench);
  progress('');
  const loadClient = program.description;
  const run: Run = { machine, loadClient, rounds, contestants: present, absent, plans, results };
  process.stdout.write(renderRun(run));
  if (options.jsonFile !== null) writeFileSync(options.jsonFile, jsonOf(run));
}

function jsonOf({ machine, loadClient, rounds, absent, results }: Run): string {
  const { troubles } = results;
  const goals = judge(results);
  const content = { machine, loadClient, rounds, absent, goals, values: results.all(), troubles };
  return `${JSON.stringify(content, null, 2)}\n`;
}

await runProgram(main);
