/**
 * Runs the supervisor in the chosen host until it ends. Electron that dies before tray and supervisor are up
 * (no display server, no sandbox as root, a missing library) is no reason to have no supervisor: it
 * then runs headless, and the reason is told.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeArguments } from '../shared/node-arguments.mjs';
import { exitCodeOf } from './commands.mjs';

const keptStderrChars = 8_000;
const shownStderrLines = 5;
const lastWordsMs = 500;
// A session of its own, so that each signal reaches the child once (signal-relay.mjs). On Windows that would be
// a console window of its own.
const ownSession = process.platform !== 'win32';

/**
 * @typedef {object} Launch
 * @property {string} root the project's folder
 * @property {string} node the path of Node 24
 * @property {readonly string[]} args for the supervisor
 * @property {NodeJS.ProcessEnv} env
 * @property {import('./signal-relay.mjs').SignalRelay} relay
 * @property {(line: string) => void} say
 */

/**
 * @param {import('./host.mjs').NodeHost | import('./host.mjs').ElectronHost} host
 * @param {Launch} launch
 * @returns {Promise<number>} the code to exit with
 */
export async function runHost(host, launch) {
  const { relay, say } = launch;
  if (host.kind === 'electron') {
    const ended = await runElectron(host.binary, launch);
    const interrupted = relay.received() !== undefined;
    if (ended.code === 0 || ended.wasReady || interrupted) return ended.code;
    say(`The desktop app ${ended.why}. Running headless instead.`);
    for (const line of ended.lastLines) say(`  ${line}`);
  } else if (host.why) {
    say(host.why);
  }
  return runNode(launch);
}

/** @param {string} binary @param {Launch} launch */
async function runElectron(binary, { root, node, args, env, relay }) {
  const folder = mkdtempSync(join(tmpdir(), 'pm-supervisor-')); // mode 0700
  const readyFile = join(folder, 'ready');
  const child = spawn(binary, [root, ...args], {
    // Terminals inside VS Code and other Electron programs hand this variable down.
    env: withoutRunAsNode({
      ...env,
      PM_SUPERVISOR_NODE: node,
      PM_SUPERVISOR_READY_FILE: readyFile,
    }),
    stdio: ['inherit', 'inherit', 'pipe'],
    detached: ownSession,
  });
  relay.attach(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    process.stderr.write(text);
    stderr = (stderr + text).slice(-keptStderrChars);
  });
  try {
    const ended = await end(child);
    const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== '');
    return { ...ended, wasReady: existsSync(readyFile), lastLines: lines.slice(-shownStderrLines) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Launch} launch */
async function runNode({ root, node, args, env, relay, say }) {
  const entry = join(root, 'out', 'main', 'headless.js');
  const lifeline = new URL('./lifeline.mjs', import.meta.url).href;
  const preload = ownSession ? ['--import', lifeline] : [];
  const child = spawn(node, [...nodeArguments, ...preload, entry, ...args], {
    env: {
      ...env,
      PM_SUPERVISOR_NODE: node,
      ...(ownSession ? { PM_SUPERVISOR_LIFELINE_FD: '3' } : {}),
    },
    stdio: [
      'inherit',
      'inherit',
      'inherit',
      ...(ownSession ? /** @type {const} */ (['pipe']) : []),
    ],
    detached: ownSession,
  });
  relay.attach(child);
  const ended = await end(child);
  if (ended.notStarted)
    say(`${node} ${ended.why}. Run \`npm ci\`, or check that the file may be run.`);
  return ended.code;
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<{ code: number, why: string, notStarted: boolean }>}
 */
function end(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid !== undefined) return; // A signal that could not be delivered: the end is near.
      resolve({ code: 127, why: `could not be started (${error.message})`, notStarted: true });
    });
    child.once('exit', (code, signal) => {
      const how = signal ? `was ended by ${signal}` : `exited with code ${code}`;
      const finish = () =>
        resolve({
          code: exitCodeOf(code, signal),
          why: `${how} before it was up`,
          notStarted: false,
        });
      // `close` means that its last words are read; a grandchild that holds stderr can keep that from ever coming.
      child.once('close', finish);
      setTimeout(finish, lastWordsMs);
    });
  });
}

/** @param {NodeJS.ProcessEnv} env */
function withoutRunAsNode(env) {
  const { ELECTRON_RUN_AS_NODE: _inherited, ...rest } = env;
  return rest;
}
