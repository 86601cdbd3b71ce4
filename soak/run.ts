/**
 * `npm run soak -- --minutes N`: the built program under everything at once, for as long as one likes:
 * clients that call, subscribers that listen, a service that talks, instances that die, a configuration
 * that is edited. Nothing may get lost, fail or grow. Ends with a table, a verdict and an exit code.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { describeMachine, type Machine, machineLines } from '../bench/kit/machine.ts';
import { needBuild, needLinux, progress, runProgram } from '../bench/kit/program.ts';
import { withResult } from '../bench/kit/report.ts';
import { replaceFile } from '../main/supervisor/config/write-file.ts';
import { renderChart } from './chart.ts';
import { type Disturbances, disturb } from './disturbances.ts';
import { judge, type Outcome, renderVerdict } from './report.ts';
import { insideViews, type Sample, takeSamples } from './samples.ts';
import { Load, load, openStage } from './stage.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'soak.md');
const picture = join(root, 'docs', 'images', 'soak.svg');

const usage = `Runs the program under everything at once, and judges what came out.

  npm run soak -- [--minutes N] [--write]

  --minutes N   how long it goes on (10); trends need more than three
  --write       writes the table into docs/soak.md and the picture to docs/images/soak.svg

Needs Linux and a build (npm run build).`;

async function soak(minutes: number): Promise<Outcome> {
  const stage = await openStage();
  await using place = stage.place;
  const over = new AbortController();
  const samples: Sample[] = [];
  const disturbances: Disturbances = { kills: [], edits: 0, troubles: [] };
  const clients = await Load.start(stage);
  process.once('exit', () => clients.kill());
  try {
    const work = Promise.all([
      takeSamples(stage, samples, over.signal),
      disturb(stage, disturbances, over.signal),
    ]);
    await Promise.race([wait(minutes * 60_000, samples), work]);
    over.abort();
    await work;
    const result = await clients.stop();
    const inside = await insideViews(stage.insideFile);
    const exitCode = await stage.supervisor.stop();
    const orphans = place.survivors().map(({ pid, command }) => `left: process ${pid}, ${command}`);
    return { minutes, samples, inside, load: result, disturbances, orphans, exitCode };
  } finally {
    over.abort();
    clients.kill();
  }
}

async function wait(ms: number, samples: readonly Sample[]): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const { second = 0, residentMib = 0, callMs = 0 } = samples.at(-1) ?? {};
    progress(
      `${second.toFixed(0)} s of ${ms / 1_000}: ${residentMib.toFixed(1)} MiB, a call ${callMs.toFixed(1)} ms`,
    );
    await delay(Math.min(1_000, Math.max(0, end - performance.now())));
  }
  progress('');
}

function tableOf(outcome: Outcome, machine: Machine): { text: string; isKept: boolean } {
  const verdict = judge(outcome);
  const head = [
    ...machineLines(`Soak of ${outcome.minutes} minutes`, machine),
    `Node ${process.versions.node}; ${load.clients} MCP clients with ${load.callsPerSecond} calls/s each, ${load.subscribers} subscribers, ${load.eventsPerSecond} events/s, 1 MB/s of output.`,
  ];
  return { text: [...head, '', renderVerdict(verdict)].join('\n'), isKept: verdict.isKept };
}

function pictureOf({ minutes, samples, disturbances }: Outcome): string {
  const points = (of: (sample: Sample) => number) =>
    samples
      .map((sample) => ({ second: sample.second, value: of(sample) }))
      .filter(({ value }) => !Number.isNaN(value));
  return renderChart({
    title: `Soak of ${minutes} minutes`,
    panels: [
      { title: 'Resident memory', unit: 'MiB', points: points((each) => each.residentMib) },
      { title: 'Time of a call, one a second', unit: 'ms', points: points((each) => each.callMs) },
    ],
    markTitle: 'an instance was killed',
    marks: disturbances.kills,
  });
}

async function write(table: string, outcome: Outcome): Promise<void> {
  const command = `npm run soak -- --minutes ${outcome.minutes}`;
  const document = await readFile(page, 'utf8');
  await replaceFile(page, withResult(document, { name: 'soak', command, output: table }));
  await mkdir(dirname(picture), { recursive: true });
  await replaceFile(picture, pictureOf(outcome));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error('--minutes must be more than 0.');
  needLinux('it reads /proc');
  needBuild();
  const machine = describeMachine([]);
  const outcome = await soak(minutes);
  const { text, isKept } = tableOf(outcome, machine);
  console.log(text);
  if (values.write) await write(text, outcome);
  if (!isKept) process.exitCode = 1;
}

// Ctrl-C leaves nothing behind: what was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(130));
}
await runProgram(main);
