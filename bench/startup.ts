/**
 * Start and footprint of the built program: how soon it is ready, what it holds in memory when the start
 * is over, what it uses while nobody wants anything. Cases are interleaved; medians are shown.
 */
import { writeFile } from 'node:fs/promises';
import { describeMachine, machineLines } from './kit/machine.ts';
import { readCommandLine } from './kit/options.ts';
import { needBuild, needLinux, progress, runProgram } from './kit/program.ts';
import { median } from './kit/quantile.ts';
import { type Case, cases, type Sample, sample } from './startup/cases.ts';

const usage = `Measures start, memory and idle processor time of the built program.

  node bench/startup.ts [--rounds N] [--quick] [--json FILE]

  --rounds N     how often everything is measured; medians are shown (5; with --quick 1)
  --quick        a shorter look at the idle time
  --json FILE    writes the numbers of every round there too

Needs Linux and a build (npm run build).`;

/** How long each is watched while nobody wants anything, in ms: the clock of /proc ticks in 10 ms. */
const idleMs = 30_000;
const quickIdleMs = 10_000;

interface Row {
  readonly title: string;
  readonly of: (sample: Sample) => number;
  readonly goal: (each: Case) => number | undefined;
  readonly unit: string;
}

const rows: readonly Row[] = [
  { title: 'ready after', of: (s) => s.readyMs, goal: (c) => c.readyMs, unit: 'ms' },
  { title: 'CPU by then', of: (s) => s.startCpuMs, goal: () => undefined, unit: 'ms' },
  { title: 'resident memory', of: (s) => s.residentMib, goal: (c) => c.residentMib, unit: 'MiB' },
  { title: 'idle CPU', of: (s) => s.idlePercent, goal: (c) => c.idlePercent, unit: '%' },
];

function describe(row: Row, each: Case, samples: readonly Sample[]): string {
  const value = median(samples.map(row.of));
  const goal = row.goal(each);
  const verdict =
    goal === undefined ? '' : `${value <= goal ? 'met' : 'MISSED'} (at most ${goal} ${row.unit})`;
  const shown = `${value.toFixed(value < 10 ? 2 : 0)} ${row.unit}`;
  return `  ${row.title.padEnd(18)}${shown.padStart(10)}  ${verdict}`.trimEnd();
}

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
    console.log(`\n${each.name}`);
    for (const row of rows) console.log(describe(row, each, taken));
  }
  if (options.jsonFile !== null) {
    const values = Object.fromEntries([...samples].map(([{ name }, taken]) => [name, taken]));
    await writeFile(options.jsonFile, `${JSON.stringify({ machine, values }, null, 2)}\n`);
  }
}

await runProgram(main);
