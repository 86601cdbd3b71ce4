/**
 * Builds out/ when, and only when, a source differs from what it was built from: the hash over the names
 * and contents of all sources is compared with the one recorded at the last good build.
 *
 * The build replaces files in place. A supervisor that runs from this folder has its code in memory and
 * goes on; only a page of it that is opened in that second may have to be loaded again. The old record is
 * removed first, so that a build that fails half-way is never taken for a good one.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { causeIn, run, SetupError } from './commands.mjs';
import { toolScript } from './pinned-node.mjs';
import { withLock } from './start-lock.mjs';

const buildTimeoutMs = 5 * 60_000;
const sources = [
  'assets',
  'cli',
  'client',
  'main',
  'package-lock.json',
  'package.json',
  'preload',
  'renderer',
  'servers',
  'shared',
  'vite.config.ts',
];
/** One file of each bundle: without it the record of a good build is worth nothing. */
const results = [
  'out/main/index.js',
  'out/main/headless.js',
  'out/preload/index.cjs',
  'out/renderer/index.html',
  'out/servers/memory.js',
  'out/cli/pm-supervisor.js',
  'out/client/supervisor-client.js',
  'out/servers/dashboard-page/index.html',
];
/** One after the other: the first empties out/servers, the second writes into it. */
const builds = [
  { name: 'the program', args: ['build', '--app'] },
  { name: "the dashboard's page", args: ['build', '--config', 'servers/dashboard/vite.config.ts'] },
];

/**
 * Promises that out/ is built from the sources as they are, or throws a `SetupError`.
 * @param {string} root
 * @param {{ node: string, env: NodeJS.ProcessEnv, say: (line: string) => void }} options `node` runs vite
 * @returns {Promise<'fresh' | 'built'>}
 */
export async function ensureBuilt(root, { node, env, say }) {
  if (isBuilt(root)) return 'fresh';
  const lock = join(root, 'out', '.build-lock');
  const onWait = (/** @type {number} */ pid) =>
    say(`Waiting for another start (process ${pid}) that builds …`);
  return withLock(lock, { onWait }, async () => {
    // Taken before building: a source that is saved meanwhile makes the next start build again.
    const hash = sourceHash(root);
    if (isBuilt(root, hash)) return 'fresh';
    rmSync(recordFile(root), { force: true });
    await build(root, node, env);
    mkdirSync(join(root, 'out'), { recursive: true });
    writeFileSync(recordFile(root), hash);
    return 'built';
  });
}

/** @param {string} root @param {string} [hash] */
function isBuilt(root, hash) {
  if (!existsSync(recordFile(root)) || !results.every((file) => existsSync(join(root, file)))) {
    return false;
  }
  return readFileSync(recordFile(root), 'utf8') === (hash ?? sourceHash(root));
}

/** @param {string} root @param {string} node @param {NodeJS.ProcessEnv} env */
async function build(root, node, env) {
  const vite = toolScript(root, 'vite');
  for (const { name, args } of builds) {
    const ended = await run(node, [vite, ...args, '--logLevel', 'warn'], {
      cwd: root,
      // Whoever starts this from a shell set up for tests still gets the program as it is used.
      env: { ...env, NODE_ENV: 'production' },
      timeoutMs: buildTimeoutMs,
    });
    if (ended.code === 0) continue;
    const why = ended.timedOut ? 'it did not finish within 5 minutes' : causeIn(ended.output);
    throw new SetupError(
      `Building ${name} failed: ${why.replace(/\.$/, '')}. Mend the source named above, or undo the change, and start again.`,
      ended.output,
    );
  }
}

/** @param {string} root */
function recordFile(root) {
  return join(root, 'out', '.build-hash');
}

/**
 * The hash over names and contents of everything that goes into out/, on every platform the same.
 * @param {string} root
 */
export function sourceHash(root) {
  const hash = createHash('sha256');
  for (const name of sources) addToHash(hash, root, name);
  return hash.digest('hex');
}

/** @param {import('node:crypto').Hash} hash @param {string} root @param {string} name */
function addToHash(hash, root, name) {
  const path = join(root, name);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return;
  if (stats.isDirectory()) {
    const names = readdirSync(path).filter((each) => !isLeftOut(each));
    for (const each of names.sort()) addToHash(hash, root, `${name}/${each}`);
    return;
  }
  const content = readFileSync(path);
  // With the length, no two different sets of files read alike.
  hash.update(`${name}\0${content.length}\0`).update(content);
}

/** Tests, hidden files and installed packages do not end in out/. @param {string} name */
function isLeftOut(name) {
  return name.startsWith('.') || name === 'node_modules' || /\.test\.tsx?$/.test(name);
}
