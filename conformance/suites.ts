/** The official suites, and running one of them against an address. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const modules = join(import.meta.dirname, '..', 'node_modules');
/** The released suite, and the next one, which knows MCP 2026-07-28. */
const released = join(modules, '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
const next = join(modules, 'conformance-next', 'dist', 'index.js');

export interface Suite {
  readonly name: string;
  /** Whether it speaks MCP 2026-07-28, which has no sessions, or what was before. */
  readonly era: 'legacy' | 'modern';
  readonly program: string;
  readonly args: readonly string[];
}

export const suites = [
  { name: '0.1.16 active', era: 'legacy', program: released, args: [] },
  { name: '0.2 active', era: 'legacy', program: next, args: [] },
  {
    name: '0.2 required by 2025-11-25',
    era: 'legacy',
    program: next,
    args: ['--requirements', '2025-11-25'],
  },
  {
    name: '0.2 all at 2026-07-28',
    era: 'modern',
    program: next,
    args: ['--suite', 'all', '--spec-version', '2026-07-28'],
  },
  // Without a version there are the extensions as well: tasks and skills.
  { name: '0.2 all with extensions', era: 'modern', program: next, args: ['--suite', 'all'] },
] as const satisfies readonly Suite[];

/** How many checks of a scenario passed and failed. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

export type Outcomes = ReadonlyMap<string, Outcome>;

/** A suite takes seconds; against a server that answers nothing it must end too. */
const suiteTimeoutMs = 150_000;

/** Runs a suite, or one scenario of it; throws when it does not get to its end. */
export async function runSuite(suite: Suite, url: string, scenario?: string): Promise<Outcomes> {
  const args = [suite.program, 'server', '--url', url];
  const { text, code } = await output([
    ...args,
    ...(scenario === undefined ? suite.args : [...versionOf(suite), '--scenario', scenario]),
  ]);
  const outcomes = scenario === undefined ? readSummary(text) : readSingle(scenario, text);
  if (outcomes.size === 0) {
    throw new Error(`"${suite.name}" told no outcome (exit ${code}):\n${text.slice(-2_000)}`);
  }
  return outcomes;
}

/** A scenario alone is not asked for by a suite's name; the version of the protocol still counts. */
function versionOf({ args }: Suite): readonly string[] {
  const at = args.findIndex((each) => each === '--requirements' || each === '--spec-version');
  return at === -1 ? [] : ['--spec-version', args[at + 1] ?? ''];
}

/** The table at the end: `✓ ping: 1 passed, 0 failed`. */
function readSummary(text: string): Outcomes {
  const lines = text.matchAll(/^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed/gm);
  return new Map(
    [...lines].map(([, name = '', passed, failed]) => [
      name,
      { passed: Number(passed), failed: Number(failed) },
    ]),
  );
}

/** `Passed: 2/3, 1 failed, 0 warnings`. */
function readSingle(scenario: string, text: string): Outcomes {
  const match = /^Passed: (\d+)\/\d+, (\d+) failed/m.exec(text);
  if (match === null) return new Map();
  return new Map([[scenario, { passed: Number(match[1]), failed: Number(match[2]) }]]);
}

async function output(
  args: readonly string[],
): Promise<{ readonly text: string; readonly code: number | null }> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: suiteTimeoutMs,
    killSignal: 'SIGKILL',
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { text, code };
}
