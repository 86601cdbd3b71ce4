/**
 * Installs the dependencies when, and only when, they are not what package-lock.json says.
 *
 * The fast answer is a record of the lock file's hash at the last check. Without one, or when it differs,
 * npm's own record (node_modules/.package-lock.json) is compared with the lock file, so that a developer
 * who ran `npm install` by hand waits for nothing. An install of another platform (a shared folder, a
 * container) is never taken over: it holds the wrong binaries.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join, sep } from 'node:path';
import { causeIn, run, SetupError } from './commands.mjs';
import { withLock } from './start-lock.mjs';

const installTimeoutMs = 30 * 60_000;
const host = `${process.platform}-${process.arch}`;

/**
 * Promises that node_modules matches package-lock.json, or throws a `SetupError`.
 * @param {string} root the project's folder
 * @param {{ env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @returns {Promise<'present' | 'installed'>}
 */
export async function ensureInstalled(root, { env, say }) {
  if (isInstalled(root)) return 'present';
  // Not in node_modules: `npm ci` empties that folder.
  const lock = join(root, 'out', '.install-lock');
  const onWait = (/** @type {number} */ pid) =>
    say(`Waiting for another start (process ${pid}) that installs the dependencies …`);
  return withLock(lock, { onWait }, async () => {
    if (isInstalled(root)) return 'present';
    say('Installing the dependencies (npm ci); the first time this takes about a minute …');
    await install(root, env);
    record(root);
    return 'installed';
  });
}

/** @param {string} root */
function isInstalled(root) {
  const recorded = readJson(recordFile(root));
  if (recorded && recorded.host !== host) return false;
  const known = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (!known) return false;
  if (recorded?.lockHash === lockHash(root)) return true;
  if (!holdsEverything(readJson(join(root, 'package-lock.json')), known)) return false;
  record(root);
  return true;
}

/**
 * True when npm's record of what it installed has every package of the lock file in the same version.
 * Optional ones may be absent (they are for other platforms), and further ones may be present.
 * @param {any} wanted package-lock.json @param {any} installed node_modules/.package-lock.json
 */
export function holdsEverything(wanted, installed) {
  return Object.entries(wanted?.packages ?? {}).every(([path, entry]) => {
    if (path === '') return true; // The project itself.
    const found = installed.packages?.[path];
    if (!found) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** @param {string} root @param {NodeJS.ProcessEnv} env */
async function install(root, env) {
  const { command, args, shell } = npm(root, env);
  stepOutOfTheWay(root);
  // `--include=dev`: everything here is a devDependency, also where NODE_ENV says production.
  const ended = await run(command, [...args, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    env: { ...env, ...pathWithoutProject(root, env) },
    timeoutMs: installTimeoutMs,
    shell,
  });
  if (ended.code === 0) return;
  if (ended.code === 127) {
    throw new SetupError(
      'npm could not be started. Install Node.js with npm, then run this again.',
      ended.output,
    );
  }
  const why = ended.timedOut ? 'it did not finish within 30 minutes' : causeIn(ended.output);
  throw new SetupError(
    `npm ci failed: ${why}. Check the network and the npm registry setting, then run \`npm ci\` by hand to see more.`,
    ended.output,
  );
}

/**
 * The npm that started us, under its own Node, else the one on PATH.
 * @param {string} root @param {NodeJS.ProcessEnv} env
 */
function npm(root, env) {
  const script = env.npm_execpath;
  const node = env.npm_node_execpath;
  if (script && node && /^npm-cli\.c?js$/.test(basename(script)) && !isInside(root, node)) {
    return { command: node, args: [script], shell: false };
  }
  // npm.cmd is a batch file, which Node starts through a shell only.
  return { command: 'npm', args: [], shell: process.platform === 'win32' };
}

/**
 * `npm start` puts node_modules/.bin first on PATH. npm must not run under the Node it is about to remove.
 * @param {string} root @param {NodeJS.ProcessEnv} env
 */
function pathWithoutProject(root, env) {
  // Windows spells it "Path", and a second spelling beside it would win or lose by chance.
  const name = Object.keys(env).find((each) => each.toUpperCase() === 'PATH') ?? 'PATH';
  const kept = (env[name] ?? '').split(delimiter).filter((folder) => !isInside(root, folder));
  return { [name]: kept.join(delimiter) };
}

/** @param {string} root @param {string} path */
function isInside(root, path) {
  return path.startsWith(join(root, 'node_modules') + sep);
}

/**
 * Windows deletes no program that runs, but lets it be renamed. `npm start` may have started this very
 * process with the project's Node, and `npm ci` deletes that.
 * @param {string} root
 */
function stepOutOfTheWay(root) {
  if (process.platform !== 'win32' || !isInside(root, process.execPath)) return;
  try {
    renameSync(process.execPath, join(tmpdir(), `pm-supervisor-node-${process.pid}.exe`));
  } catch {
    // Another drive: npm will say what it could not delete.
  }
}

/** @param {string} root */
function recordFile(root) {
  return join(root, 'node_modules', '.cache', 'pm-supervisor', 'installed.json');
}

/** @param {string} root */
function record(root) {
  const file = recordFile(root);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ lockHash: lockHash(root), host }));
}

/** @param {string} root */
function lockHash(root) {
  const file = join(root, 'package-lock.json');
  if (!existsSync(file)) {
    throw new SetupError('package-lock.json is missing. Run `git checkout package-lock.json`.');
  }
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** @param {string} file @returns {any} undefined when it is absent or no JSON */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
