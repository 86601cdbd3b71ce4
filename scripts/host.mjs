/**
 * Decides where the supervisor runs: in Electron, with tray and windows, or in plain Node, headless. The
 * decision has to fall before Electron starts: without a display it dies before any code of ours runs.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { causeIn, run } from './commands.mjs';

const downloadTimeoutMs = 120_000;
const tryAgainAfterMs = 24 * 60 * 60_000;

/**
 * @typedef {{ kind: 'node', why?: string }} NodeHost `why` is a line for people; absent when they asked for it
 * @typedef {{ kind: 'electron', binary: string }} ElectronHost
 */

/**
 * @param {string} root
 * @param {{ args: readonly string[], env: NodeJS.ProcessEnv, node: string, say: (line: string) => void,
 *   platform?: NodeJS.Platform }} options `node` runs Electron's own download
 * @returns {Promise<NodeHost | ElectronHost>}
 */
export async function chooseHost(root, { args, env, node, say, platform = process.platform }) {
  const asksForNode = ['--headless', '--help', '--version'].some((flag) => args.includes(flag));
  if (asksForNode || env.PM_SUPERVISOR_HEADLESS === '1') return { kind: 'node' };
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) {
    return {
      kind: 'node',
      why: 'No display (DISPLAY and WAYLAND_DISPLAY are empty): running headless.',
    };
  }
  const present = electronBinary(root, env, platform);
  if (present) return { kind: 'electron', binary: present };
  if (env.ELECTRON_OVERRIDE_DIST_PATH) {
    return {
      kind: 'node',
      why: `ELECTRON_OVERRIDE_DIST_PATH (${env.ELECTRON_OVERRIDE_DIST_PATH}) holds no Electron: running headless.`,
    };
  }
  const failure = await downloadElectron(root, { env, node, say });
  const binary = electronBinary(root, env, platform);
  if (binary) return { kind: 'electron', binary };
  return {
    kind: 'node',
    why: `No Electron runtime (${failure ?? 'its download left no program'}): running headless. To try again: node node_modules/electron/install.js`,
  };
}

/**
 * The path of Electron's program, or undefined where it was never downloaded.
 * @param {string} root @param {NodeJS.ProcessEnv} env @param {NodeJS.Platform} platform
 */
function electronBinary(root, env, platform) {
  const folder = join(root, 'node_modules', 'electron');
  const pathFile = join(folder, 'path.txt');
  const program = existsSync(pathFile) ? readFileSync(pathFile, 'utf8') : programOn(platform);
  const binary = join(env.ELECTRON_OVERRIDE_DIST_PATH || join(folder, 'dist'), program);
  return existsSync(binary) ? binary : undefined;
}

/** As node_modules/electron/install.js has it. @param {NodeJS.Platform} platform */
function programOn(platform) {
  if (platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron';
  return platform === 'win32' ? 'electron.exe' : 'electron';
}

/**
 * Electron's npm package fetches its program on first use only. A failure is remembered for a day, so that
 * a machine that cannot reach the download does not wait for it at every start.
 * @param {string} root
 * @param {{ env: NodeJS.ProcessEnv, node: string, say: (line: string) => void }} options
 * @returns {Promise<string | undefined>} why it failed
 */
async function downloadElectron(root, { env, node, say }) {
  const script = join(root, 'node_modules', 'electron', 'install.js');
  if (!existsSync(script)) return 'the package electron is not installed';
  const remembered = readFailure(root);
  if (remembered) return remembered;
  say('Downloading the Electron runtime (once, about 120 MB) …');
  const ended = await run(node, [script], { cwd: root, env, timeoutMs: downloadTimeoutMs });
  if (ended.code === 0) return undefined;
  const why = ended.timedOut
    ? 'its download did not finish within 120 s'
    : `its download failed: ${causeIn(ended.output)}`;
  mkdirSync(dirname(failureFile(root)), { recursive: true });
  writeFileSync(failureFile(root), JSON.stringify({ why, failedAt: Date.now() }));
  return why;
}

/** @param {string} root */
function failureFile(root) {
  // `npm ci` empties node_modules: another version of Electron is tried afresh.
  return join(root, 'node_modules', '.cache', 'pm-supervisor', 'electron-download.json');
}

/** @param {string} root @returns {string | undefined} */
function readFailure(root) {
  try {
    const { why, failedAt } = JSON.parse(readFileSync(failureFile(root), 'utf8'));
    return Math.abs(Date.now() - failedAt) < tryAgainAfterMs
      ? `${why}, within the last day`
      : undefined;
  } catch {
    return undefined;
  }
}
