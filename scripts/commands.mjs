/**
 * Running other programs from the launcher and the test runner: to their end, within a time limit, and
 * never left behind. Plain JavaScript without dependencies, since it runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { stripVTControlCharacters } from 'node:util';

const keptOutputChars = 200_000;
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A failure that people can act on: `message` names cause and cure, `output` is what the tool printed. */
export class SetupError extends Error {
  /** @param {string} message @param {string} [output] */
  constructor(message, output = '') {
    super(message);
    this.output = output;
  }
}

/**
 * What a shell would report: the code, or 128 + n for death by signal n.
 * @param {number | null} code @param {NodeJS.Signals | null} signal
 */
export function exitCodeOf(code, signal) {
  return signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
}

/**
 * @typedef {object} Ended
 * @property {number} code 0 is success; 127 when the program could not be started
 * @property {string} output stdout and stderr together, the last 200,000 characters; '' when inherited
 * @property {boolean} timedOut
 */

/**
 * Runs a program to its end and never rejects. When this process is told to end, the program and what it
 * started end first. With `visible` it writes to the terminal itself, otherwise its output is kept.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, timeoutMs: number, visible?: boolean, shell?: boolean }} options
 * @returns {Promise<Ended>}
 */
export function run(command, args, { cwd, env, timeoutMs, visible = false, shell = false }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      stdio: visible ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      // A group of its own can be ended whole: npm starts shells that start compilers.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    let output = '';
    let timedOut = false;
    const keep = (/** @type {string} */ text) => {
      output = (output + text).slice(-keptOutputChars);
    };
    child.stdout?.setEncoding('utf8').on('data', keep);
    child.stderr?.setEncoding('utf8').on('data', keep);

    const timer = setTimeout(() => {
      timedOut = true;
      endTree(child.pid, 'SIGKILL');
    }, timeoutMs);
    const onExit = () => endTree(child.pid, 'SIGTERM');
    const onSignal = (/** @type {NodeJS.Signals} */ name) => process.exit(exitCodeOf(null, name));
    process.once('exit', onExit);
    for (const name of endingSignals) process.on(name, onSignal);

    const finish = (/** @type {number} */ code) => {
      clearTimeout(timer);
      process.off('exit', onExit);
      for (const name of endingSignals) process.off(name, onSignal);
      resolve({ code, output: stripVTControlCharacters(output), timedOut });
    };
    child.once('error', (error) => {
      keep(`${error.message}\n`);
      finish(127);
    });
    child.once('close', (code, signal) => finish(exitCodeOf(code, signal)));
  });
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function endTree(pid, signal) {
  if (pid === undefined) return;
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

/**
 * The line of a tool's output that most likely names the cause: its first error, else its last words.
 * Headings ("error during build:") and npm's bare codes are passed over for the line that explains them.
 * @param {string} output
 */
export function causeIn(output) {
  const lines = output.split(/\r?\n/).map((line) => line.trim());
  const telling = lines.filter(
    (line) => !/^$|:$|^npm warn\b|^npm (error|ERR!)( (code|errno|syscall|path) .*)?$/i.test(line),
  );
  const isError = (/** @type {string} */ line) =>
    /\berror\b|\bERR!|\w+Error:|^\[[A-Z_]+\]/i.test(line);
  return telling.find(isError) ?? telling.at(-1) ?? lines.find((line) => line !== '') ?? '';
}
