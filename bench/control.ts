/**
 * The control benchmark: round trips on one connection and on fifty, our program beside a bare server, in one
 * run. Cases are interleaved and in random order, so that what else the machine does hits both alike; ratios are
 * worth more than numbers. The load client shares the machine, so nobody reaches what he could alone.
 */
import { writeFileSync } from 'node:fs';
import { type ContestantName, type Running, startBare, startOurs } from './control/contestants.ts';
import { readOptions, usage } from './control/options.ts';
import { measure, type Numbers } from './control/round-trips.ts';
import { describeMachine, type Machine, machineLines } from './kit/machine.ts';
import type { CommonOptions } from './kit/options.ts';
import { needBuild, progress, runProgram } from './kit/program.ts';
import { median } from './kit/quantile.ts';
import { shuffled } from './kit/shuffled.ts';
import { inColumns } from './kit/table.ts';

interface Case {
  readonly title: string;
  readonly contestant: ContestantName;
  readonly request: object;
  readonly connections: number;
}

const services = 100;

const cases: readonly Case[] = [1, 50].flatMap((connections) => [
  {
    title: 'bare server, socket',
    contestant: 'bare',
    request: { type: 'WhoAmI', id: 1 },
    connections,
  },
  { title: 'WhoAmI, socket', contestant: 'ours', request: { type: 'WhoAmI', id: 1 }, connections },
  {
    title: 'WhoAmI, TCP',
    contestant: 'ours, TCP',
    request: { type: 'WhoAmI', id: 1 },
    connections,
  },
  { title: 'EventStats, socket', contestant: 'ours', request: { type: 'EventStats' }, connections },
  {
    title: `Status of ${services} services`,
    contestant: 'ours, 100 services',
    request: { type: 'Status' },
    connections,
  },
]);

async function runRounds({ rounds, quick }: CommonOptions, running: readonly Running[]) {
  const results = new Map<Case, Numbers[]>(cases.map((each) => [each, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const each of shuffled(cases)) {
      progress(`round ${round} of ${rounds}: ${each.title}, ${each.connections}`);
      const address = running
        .map(({ addresses }) => addresses.get(each.contestant))
        .find((found) => found !== undefined);
      if (address === undefined) throw new Error(`Nobody is "${each.contestant}".`);
      const request = JSON.stringify(each.request);
      const measureMs = quick ? 1_000 : 4_000;
      const numbers = await measure(address, { connections: each.connections, request, measureMs });
      results.get(each)?.push(numbers);
    }
  }
  progress('');
  return results;
}

function render(results: ReadonlyMap<Case, readonly Numbers[]>): string {
  const lines = [...results].map(([{ title, connections }, numbers]) => {
    const of = (key: keyof Numbers) => median(numbers.map((each) => each[key]));
    return [
      title,
      String(connections),
      Math.round(of('perSecond')).toLocaleString('en-US'),
      of('p50Ms').toFixed(3),
      of('p99Ms').toFixed(3),
    ];
  });
  return inColumns([['', 'connections', 'round trips/s', 'p50 ms', 'p99 ms'], ...lines]).join('\n');
}

function head(rounds: number, machine: Machine): string {
  return [
    ...machineLines('Control requests', machine),
    `${machine.versions.join(', ')}; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, interleaved in random order.`,
    'Every connection asks again as soon as it has its reply; the bare server only reads and writes JSON.',
  ].join('\n');
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(usage);
    return;
  }
  needBuild();
  const machine = describeMachine([]);
  await using bare = await startBare();
  await using ours = await startOurs(0);
  await using many = await startOurs(services);
  const results = await runRounds(options, [bare, ours, many]);
  process.stdout.write(`${head(options.rounds, machine)}\n\n${render(results)}\n`);
  if (options.jsonFile !== null) {
    const values = [...results].map(([each, numbers]) => ({ ...each, numbers }));
    writeFileSync(
      options.jsonFile,
      `${JSON.stringify({ machine, rounds: options.rounds, values }, null, 2)}\n`,
    );
  }
}

await runProgram(main);
