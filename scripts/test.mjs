/**
 * `npm test`: installs what is missing, builds what is stale, then runs everything and says how it went;
 * `npm test -- gateway` runs only the unit and integration tests whose file names match.
 * The last line is `N passed, N failed`, with `, N skipped` if any; the exit code is 1 unless something ran and all
 * of it passed.
 */
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBrowser } from './browser.mjs';
import { ensureBuilt } from './built.mjs';
import { SetupError } from './commands.mjs';
import { ensureInstalled } from './installed.mjs';
import { pinnedNode, projectEnvironment } from './pinned-node.mjs';
import { addUp, closingLines } from './tally.mjs';
import { lintSteps, playwrightStep, vitestStep } from './test-steps.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const filters = process.argv.slice(2);
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

/** @returns {Promise<import('./test-steps.mjs').StepResult[]>} */
async function runAll() {
  await ensureInstalled(root, { env: process.env, say });
  const node = pinnedNode(root);
  const built = await buildStep(node);
  const browser = await ensureBrowser({ install: filters.length === 0, say });
  const env = {
    ...projectEnvironment(root, process.env),
    ...('path' in browser ? { PM_TEST_CHROMIUM: browser.path } : {}),
    // Hundreds of processes are started, most of them from the sources: each file is compiled once.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'pm-supervisor', 'compiled'),
  };
  const bench = { root, node, env, say };
  if (filters.length > 0) return [...built, await vitestStep(bench, filters)];
  return [
    ...built,
    ...(await lintSteps(bench)),
    ...(await Promise.all([vitestStep(bench, []), playwrightStep(bench, browser)])),
  ];
}

/** A failed build is a failed test, and no reason to know nothing of the others. @param {string} node */
async function buildStep(node) {
  const startedAt = performance.now();
  try {
    await ensureBuilt(root, { node, env: process.env, say });
    return [];
  } catch (error) {
    tell(error);
    const tally = { passed: 0, failed: 1, skipped: [] };
    return [{ name: 'vite build', ms: performance.now() - startedAt, tally }];
  }
}

/** @param {unknown} error */
function tell(error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output.trim() !== '') say(error.output.trimEnd());
  say(error.message);
}

/** @param {readonly import('./test-steps.mjs').StepResult[]} results */
function report(results) {
  say('');
  for (const { name, ms, tally } of results) {
    const seconds = `${(ms / 1000).toFixed(1)} s`.padStart(8);
    say(
      `${tally.failed > 0 ? '✗' : '✓'} ${name.padEnd(20)}${seconds}  ${closingLines(tally).at(-1)}`,
    );
  }
  say('');
  const sum = addUp(results.map(({ tally }) => tally));
  for (const line of closingLines(sum)) say(line);
  return sum.failed === 0 && sum.passed > 0 ? 0 : 1;
}

try {
  process.exitCode = report(await runAll());
} catch (error) {
  tell(error);
  say('0 passed, 1 failed');
  process.exitCode = 1;
}
