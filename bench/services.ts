/**
 * The supervision benchmark: our program beside pm2, in one run. Cases are interleaved and in random
 * order, so that what else the machine does hits both alike; ratios are worth more than numbers. Each
 * case has a run of its own, in folders of its own, and nothing of it is left behind.
 */
import { writeFileSync } from 'node:fs';
import { describeMachine, type Machine, machineLines } from './kit/machine.ts';
import { messageOf, needBuild, needLinux, progress, runProgram } from './kit/program.ts';
import { shuffled } from './kit/shuffled.ts';
import type { Contestant } from './services/manager.ts';
import { readOptions, usage } from './services/options.ts';
import { ours } from './services/ours.ts';
import { findPm2 } from './services/pm2.ts';
import { Results, renderTable } from './services/rows.ts';
import { type Case, cases, type Extent, fullExtent, quickExtent } from './services/sitting.ts';

async function runRounds(
  rounds: number,
  contestants: readonly Contestant[],
  extent: Extent,
  results: Results,
): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    for (const each of shuffled(cases)) {
      for (const contestant of shuffled(contestants)) {
        progress(`round ${round} of ${rounds}: ${each.name}, ${contestant.name}`);
        await runSafely(each, contestant, extent, results);
      }
    }
  }
  progress('');
}

/** A contestant that fails costs its numbers, not the run. */
async function runSafely(
  each: Case,
  contestant: Contestant,
  extent: Extent,
  results: Results,
): Promise<void> {
  try {
    await each(contestant, extent, results);
  } catch (error) {
    results.troubles.push(`${contestant.name}, ${each.name}: ${messageOf(error)}`);
  }
}

function head(rounds: number, machine: Machine): string {
  return [
    ...machineLines('Supervision of processes', machine),
    machine.versions.join(', '),
    `Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, interleaved in random order. Both are asked over their own sockets by an open client;`,
    'the processes are sleeps; CPU and memory are those of the one process that supervises.',
  ].join('\n');
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(usage);
    return;
  }
  needLinux('it reads /proc');
  needBuild();
  const pm2 = findPm2(process.env, options.withPm2);
  const machine = describeMachine([
    pm2 === null
      ? 'pm2 left out: set PM2_BIN, or run with --with-pm2'
      : `pm2 ${pm2.contestant.version}`,
  ]);
  const contestants = pm2 === null ? [ours] : [ours, pm2.contestant];
  const results = new Results();
  try {
    const extent = options.quick ? quickExtent : fullExtent;
    await runRounds(options.rounds, contestants, extent, results);
  } finally {
    pm2?.clean();
  }
  const troubles = results.troubles.map((each) => `  ${each}`);
  const parts = [head(options.rounds, machine), renderTable(results)];
  if (troubles.length > 0) parts.push(['What went wrong', ...troubles].join('\n'));
  process.stdout.write(`${parts.join('\n\n')}\n`);
  if (options.jsonFile !== null) {
    const content = {
      machine,
      rounds: options.rounds,
      values: results.all(),
      troubles: results.troubles,
    };
    writeFileSync(options.jsonFile, `${JSON.stringify(content, null, 2)}\n`);
  }
}

await runProgram(main);
// All is ended; but a library of pm2 may still hold a connection to its daemon that was.
process.exit();
