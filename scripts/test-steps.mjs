/** The steps of `npm test`. Each ends in a tally and never throws: a later step runs whatever came before. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { causeIn, run } from './commands.mjs';
import { toolScript } from './pinned-node.mjs';
import { agreeing, countPlaywright } from './tally.mjs';

const lintTimeoutMs = 10 * 60_000;
const testTimeoutMs = 30 * 60_000;

/**
 * @typedef {object} Bench
 * @property {string} root
 * @property {string} node the path of Node 24
 * @property {NodeJS.ProcessEnv} env
 * @property {(text: string) => void} say
 *
 * @typedef {object} StepResult
 * @property {string} name
 * @property {number} ms
 * @property {import('./tally.mjs').Tally} tally
 */

/**
 * Type check, linters and the search for what nobody uses, side by side; each counts as one test.
 * @param {Bench} bench
 * @returns {Promise<StepResult[]>}
 */
export function lintSteps(bench) {
  return Promise.all([
    lintStep(bench, 'tsc -b', 'typescript', 'tsc', ['-b']),
    lintStep(bench, 'oxlint --type-aware', 'oxlint', 'oxlint', ['--type-aware']),
    lintStep(bench, 'biome check .', '@biomejs/biome', 'biome', ['check', '.']),
    lintStep(bench, 'knip', 'knip', 'knip', ['--no-progress']),
  ]);
}

/**
 * @param {Bench} bench @param {string} name @param {string} packageName @param {string} command
 * @param {readonly string[]} args
 */
function lintStep({ root, node, env, say }, name, packageName, command, args) {
  return timed(name, async () => {
    const script = toolScript(root, packageName, command);
    const ended = await run(node, [script, ...args], { cwd: root, env, timeoutMs: lintTimeoutMs });
    if (ended.code === 0) return { passed: 1, failed: 0, skipped: [] };
    if (ended.timedOut) say(`${name} did not finish within 10 minutes.`);
    say(`✗ ${name}\n${ended.output.trimEnd()}\n`);
    return { passed: 0, failed: 1, skipped: [] };
  });
}

/**
 * Unit and integration tests.
 * @param {Bench} bench @param {readonly string[]} filters for vitest, as they were given
 * @returns {Promise<StepResult>}
 */
export function vitestStep(bench, filters) {
  const { root } = bench;
  return timed('vitest run', () =>
    withTemporaryFile('tally.json', async (file) => {
      const reporters = [
        '--reporter=default',
        `--reporter=${join(root, 'scripts', 'vitest-tally.mjs')}`,
      ];
      const code = await runVisibly(bench, 'vitest', ['run', ...reporters, ...filters], {
        PM_TEST_TALLY: file,
      });
      return agreeing(readJson(file), code);
    }),
  );
}

/**
 * Browser and desktop tests. They wait, as the others do, for processes and timers: to be run beside them.
 * Without a browser they are counted as skipped, each with the reason.
 * @param {Bench} bench @param {{ path: string } | { missing: string }} browser
 * @returns {Promise<StepResult>}
 */
export function playwrightStep(bench, browser) {
  const config = ['test', '--config', 'e2e/playwright.config.ts', '--pass-with-no-tests'];
  return timed('playwright test', () =>
    withTemporaryFile('report.json', async (file) => {
      const env = { PLAYWRIGHT_JSON_OUTPUT_FILE: file };
      if ('path' in browser) {
        const code = await runAside(bench, [...config, '--reporter=list,json'], env);
        const report = readJson(file);
        return agreeing(report && countPlaywright(report), code);
      }
      bench.say(`Browser tests are skipped: ${browser.missing}.`);
      const listed = await list(bench, [...config, '--list', '--reporter=json'], env);
      if (listed.code !== 0)
        bench.say(`The browser tests could not be listed: ${causeIn(listed.output)}`);
      const report = readJson(file);
      const tally = agreeing(report && countPlaywright(report), listed.code);
      return {
        ...tally,
        skipped: tally.skipped.map(({ name }) => ({ name, why: browser.missing })),
      };
    }),
  );
}

/**
 * Runs Playwright beside Vitest and shows what it printed when it has ended: both at once could not be read.
 * @param {Bench} bench @param {readonly string[]} args @param {NodeJS.ProcessEnv} extra
 */
async function runAside({ root, node, env, say }, args, extra) {
  const { code, output, timedOut } = await run(node, [toolScript(root, 'playwright'), ...args], {
    cwd: root,
    env: { ...env, ...extra },
    timeoutMs: testTimeoutMs,
  });
  say(output.trimEnd());
  if (timedOut) say('playwright did not finish within 30 minutes and was ended.');
  return code;
}

/** @param {Bench} bench @param {readonly string[]} args @param {NodeJS.ProcessEnv} extra */
function list({ root, node, env }, args, extra) {
  const script = toolScript(root, 'playwright');
  return run(node, [script, ...args], {
    cwd: root,
    env: { ...env, ...extra },
    timeoutMs: lintTimeoutMs,
  });
}

/**
 * @param {Bench} bench @param {string} tool @param {readonly string[]} args @param {NodeJS.ProcessEnv} extra
 */
async function runVisibly({ root, node, env, say }, tool, args, extra) {
  const { code, timedOut } = await run(node, [toolScript(root, tool), ...args], {
    cwd: root,
    env: { ...env, ...extra },
    timeoutMs: testTimeoutMs,
    visible: true,
  });
  if (timedOut) say(`${tool} did not finish within 30 minutes and was ended.`);
  return code;
}

/** @param {string} name @param {() => Promise<import('./tally.mjs').Tally>} step @returns {Promise<StepResult>} */
async function timed(name, step) {
  const startedAt = performance.now();
  const tally = await step();
  return { name, ms: performance.now() - startedAt, tally };
}

/** @template T @param {string} name @param {(file: string) => Promise<T>} use @returns {Promise<T>} */
async function withTemporaryFile(name, use) {
  const folder = mkdtempSync(join(tmpdir(), 'pm-test-'));
  try {
    return await use(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} file @returns {any} undefined when the runner did not get as far as writing it */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
