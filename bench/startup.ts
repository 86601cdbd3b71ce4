/**
 * Start and footprint of the built program: how soon it is ready, what it holds in memory when the start
 * is over, what it uses while nobody wants anything. Cases are interleaved; medians are shown.
 */
import { writeFile } from 'node:fs/promises';
import { describeMachine, machineLines } from './kit/machine.ts';
import { readCommandLine } from './kit/options.ts';
import { needBuild, needLinux, progress, runProgram } from './kit/program.ts';
import { type Case, cases, sample } from './startup/cases.ts';
import { resultLines, type Sample } from './startup/results.ts';

const usage = `Measures start, memory and idle processor time of the built program.

  node bench/startup.ts [--rounds N] [--quick] [--json FILE]

  --rounds N     how often everything is measured; medians are shown (5; with --quick 1)
  --quick        a shorter look at the idle time
  --json FILE    writes the numbers of every round there too

Needs Linux and a build (npm run build).`;

/** How long each is watched while nobody wants anything, in ms: the clock of /proc ticks in 10 ms. */
const idleMs = 30_000;
const quickIdleMs = 10_000;

async function main(): Promise<void> {
  const options = readCommandLine(process.argv.slice(2), 5);
  if (options === null) {
    console.log(usage);
    return;
  }
  needLinux('it reads /proc');
  needBuild();
  const machine = describeMachine([]);
  const samples = new Map<Case, Sample[]>(cases.map((each) => [each, []]));
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const [each, taken] of samples) {
      progress(`round ${round} of ${options.rounds}: ${each.name}`);
      taken.push(await sample(each, options.quick ? quickIdleMs : idleMs));
    }
  }
  progress('');
  console.log(
    [
      ...machineLines('Start and footprint', machine),
      `Node ${process.versions.node}; medians of ${options.rounds}, interleaved. Memory and CPU are those of the supervisor's process, its children not counted.`,
    ].join('\n'),
  );
  for (const [each, taken] of samples) {
    console.log(['', each.name, ...resultLines(each, taken)].join('\n'));
  }
  if (options.jsonFile !== null) {
    const values = Object.fromEntries([...samples].map(([{ name }, taken]) => [name, taken]));
    await writeFile(options.jsonFile, `${JSON.stringify({ machine, values }, null, 2)}\n`);
  }
}

await runProgram(main);
