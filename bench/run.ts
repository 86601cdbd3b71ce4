/**
 * `npm run bench`: every benchmark after the other, each in a process of its own, and their tables into
 * docs/benchmarks.md. What that document says in words stays as it is: only what stands between the marks
 * of a benchmark is replaced, and only when it ended well. Whoever runs this reads the words again.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { replaceFile } from '../main/supervisor/config/write-file.ts';
import { readNames } from './kit/options.ts';
import { needBuild, needLinux, runProgram } from './kit/program.ts';
import { withResult } from './kit/report.ts';

const root = join(import.meta.dirname, '..');
const report = join(root, 'docs', 'benchmarks.md');

/** In the order of the document; `args` beside those that all understand. */
const benchmarks = [
  { name: 'events', file: 'bench/events.ts', args: [] },
  { name: 'gateway', file: 'bench/gateway.ts', args: [] },
  { name: 'services', file: 'bench/services.ts', args: ['--with-pm2'] },
  { name: 'survivors', file: 'bench/services/survivors.ts', args: null },
  { name: 'control', file: 'bench/control.ts', args: [] },
  { name: 'ui', file: 'bench/ui.ts', args: null },
  { name: 'startup', file: 'bench/startup.ts', args: [] },
] as const;

const names = benchmarks.map(({ name }) => name);

const usage = `Runs the benchmarks, one after the other, and writes their tables into docs/benchmarks.md.

  npm run bench -- [--only events,gateway] [--rounds N] [--quick] [--dry-run]

  --only NAMES  some of: ${names.join(', ')}
  --rounds N    how often each measures everything, where it has rounds
  --quick       shorter and fewer cases; for a look, not for the document
  --dry-run     shows the tables only

All of it takes about half an hour, on a machine that does nothing else. Each can be run alone, and has options of its own:
node bench/events.ts --help.`;

/** What a benchmark printed; null when it failed. Shows it meanwhile. */
async function outputOf(file: string, args: readonly string[]): Promise<string | null> {
  const child = spawn(process.execPath, [join(root, file), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    process.stdout.write(chunk);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return code === 0 ? Buffer.concat(chunks).toString('utf8') : null;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  needLinux('it reads CPU time and memory from /proc');
  needBuild();
  const chosen = readNames(values.only, names);
  const common = [
    ...(values.rounds === undefined ? [] : ['--rounds', values.rounds]),
    ...(values.quick ? ['--quick'] : []),
  ];
  const failed: string[] = [];
  for (const { name, file, args } of benchmarks.filter((each) => chosen.includes(each.name))) {
    const all = args === null ? [] : [...args, ...common];
    console.log(`\n=== node ${[file, ...all].join(' ')}\n`);
    const output = await outputOf(file, all);
    if (output === null) failed.push(name);
    else if (!values['dry-run']) await write(name, `node ${[file, ...all].join(' ')}`, output);
  }
  if (failed.length > 0) throw new Error(`Failed: ${failed.join(', ')}. Their old tables stay.`);
}

/** At once for each, so that a run that is ended early keeps what it has. */
async function write(name: string, command: string, output: string): Promise<void> {
  const before = await readFile(report, 'utf8');
  await replaceFile(report, withResult(before, { name, command, output }));
}

await runProgram(main);
