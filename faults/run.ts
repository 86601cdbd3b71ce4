/**
 * `npm run faults`: the whole fault matrix against the running program, a line for each fault. Fails when a
 * promise was broken.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/kit/machine.ts';
import { ensureBuilt } from '../scripts/built.mjs';
import { chosen, matrix } from './matrix.ts';
import { breakOff, playAll } from './play.ts';
import { line, summary, withTable } from './report.ts';

const root = join(import.meta.dirname, '..');
const document = join(root, 'docs', 'faults.md');

const usage = `Does to the running program what goes wrong in the world, and looks whether it keeps its promises.

  node faults/run.ts [--only F3,F6b] [--quick] [--list] [--json FILE] [--write] [--no-build]

  --only IDS    only these; F5 means F5 and all its parts
  --quick       the short form, as in npm test
  --list        names the faults and does nothing
  --json FILE   also writes the outcomes to a file
  --write       writes the table into docs/faults.md; for a whole run only
  --no-build    takes the program as it was built last`;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(usage);
  const faults = chosen(matrix, values.only, values.quick);
  if (faults.length === 0) throw new Error(`There is no fault "${values.only}".\n\n${usage}`);
  if (values.write && (values.only !== undefined || values.quick)) {
    throw new Error('The table is about the whole run: --write goes without --only and --quick.');
  }
  if (values.list) {
    for (const { id, done, promised } of faults) say(`${id.padEnd(5)}${done} | ${promised}`);
    return;
  }
  if (!values['no-build']) {
    await ensureBuilt(root, { node: process.execPath, env: process.env, say });
  }
  const machine = describeMachine([]);
  const outcomes = await playAll(faults, values.quick, (outcome) => say(line(outcome)));
  say(`\n${summary(outcomes)}`);
  if (values.json !== undefined) {
    await writeFile(values.json, `${JSON.stringify({ machine, outcomes }, null, 2)}\n`);
  }
  if (values.write) {
    await writeFile(document, withTable(await readFile(document, 'utf8'), outcomes, machine));
  }
  process.exitCode = outcomes.some(({ verdict }) => verdict === 'FAILED') ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    void breakOff().then(() => process.exit(130));
  });
}
// A mistake in a fault must not leave processes and disks behind either.
process.once('uncaughtException', (error) => {
  console.error(error);
  void breakOff().then(() => process.exit(1));
});

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
