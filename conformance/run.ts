/**
 * `npm run conformance`: the official suites against our reference server and npm's everything server,
 * each directly and through the supervisor. Fails when anything is worse through the gateway than
 * directly, or when the gateway does not keep what it promises for every server (compare.ts).
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../scripts/built.mjs';
import { brokenPromises, type Difference, describe, differences, total } from './compare.ts';
import { type Outcomes, runSuite, type Suite, suites } from './suites.ts';
import { type ServerProgram, servers, startBehindGateway, startDirect } from './targets.ts';

const usage = `Runs the official MCP conformance suites, directly and through the supervisor.

  node conformance/run.ts [--server ${servers.map(({ name }) => name).join('|')}] [--no-build]

  --server NAME  only this server
  --no-build     takes the program as it was built last`;

/** A scenario that is worse is run again so often: a busy machine makes some of them late. */
const repeats = 2;

/** The whole run; a suite has a bound of its own. */
const runTimeoutMs = 15 * 60_000;

interface Pair {
  readonly direct: string;
  readonly through: string;
}

/** Runs every suite against one server; returns the sentences about what is wrong. */
async function judgeServer(program: ServerProgram): Promise<readonly string[]> {
  await using direct = await startDirect(program);
  await using through = await startBehindGateway(program);
  const urls = { direct: direct.url, through: through.url };
  const troubles: string[] = [];
  for (const suite of suites) {
    const before = await runSuite(suite, urls.direct);
    const after = await runSuite(suite, urls.through);
    say(
      `  ${program.name.padEnd(10)}  ${suite.name.padEnd(26)}  ${describe(total(before)).padStart(7)}  ${describe(total(after)).padStart(7)}`,
    );
    const found = await judgeSuite(suite, before, after, urls);
    // In an era that the server does not know there is nothing that could be let in.
    const speaks = program.eras.includes(suite.era);
    const broken = speaks ? brokenPromises(after) : [];
    troubles.push(
      ...found.map((each) => `${program.name}, ${suite.name}: ${each}`),
      ...broken.map((each) => `${program.name}, ${suite.name}: ${each} does not pass`),
    );
  }
  return troubles;
}

async function judgeSuite(
  suite: Suite,
  direct: Outcomes,
  through: Outcomes,
  urls: Pair,
): Promise<readonly string[]> {
  const troubles: string[] = [];
  for (const difference of differences(direct, through)) {
    const { scenario, verdict } = difference;
    const words = `${scenario}: ${describe(difference.direct)} directly, ${describe(difference.through)} through the gateway`;
    const stays = verdict === 'better' || (await staysWorse(suite, difference, urls));
    say(`      ${stays ? verdict : 'once'}  ${words}`);
    if (stays && verdict === 'worse') troubles.push(words);
  }
  return troubles;
}

/** False when the scenario, alone, is as good through the gateway as directly. */
async function staysWorse(suite: Suite, { scenario }: Difference, urls: Pair): Promise<boolean> {
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const direct = await runSuite(suite, urls.direct, scenario);
    const through = await runSuite(suite, urls.through, scenario);
    if (differences(direct, through).every(({ verdict }) => verdict === 'better')) return false;
  }
  return true;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      server: { type: 'string' },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return say(usage);
  const chosen = servers.filter(({ name }) => name === (values.server ?? name));
  if (chosen.length === 0) throw new Error(`There is no server "${values.server}".\n\n${usage}`);
  if (!values['no-build']) {
    const root = join(import.meta.dirname, '..');
    await ensureBuilt(root, { node: process.execPath, env: process.env, say });
  }
  setTimeout(() => {
    console.error('The time was up.');
    process.exit(1);
  }, runTimeoutMs).unref();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(130));
  }
  say(`  ${'server'.padEnd(10)}  ${'suite: checks passed/failed'.padEnd(26)}   direct  through`);
  const troubles: string[] = [];
  for (const program of chosen) troubles.push(...(await judgeServer(program)));
  say(troubles.length === 0 ? '\nNothing is worse through the gateway.' : '\nWhat is wrong:');
  for (const each of troubles) say(`  ${each}`);
  process.exitCode = troubles.length === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
