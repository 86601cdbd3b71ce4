/**
 * `node scripts/run.mjs bench/run.ts …`: installs what is missing, builds what is stale, then runs a program of this
 * project under its Node. So `npm run bench`, `faults`, `soak` and `conformance` work in a fresh clone, too.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf, SetupError } from './commands.mjs';
import { projectEnvironment } from './pinned-node.mjs';
import { prepare } from './prepared.mjs';
import { relaySignals } from './signal-relay.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** @param {readonly string[]} args the program, then its own arguments @returns {Promise<number>} */
async function run([program = '', ...args]) {
  const node = await prepare(root, { env: process.env, say });
  const relay = relaySignals();
  const child = spawn(node, [resolve(root, program), ...args], {
    stdio: 'inherit',
    env: projectEnvironment(root, process.env),
  });
  relay.attach(child);
  return new Promise((ended) => {
    child.once('error', (error) => {
      say(`${node} could not be started (${error.message}). Run \`npm ci\`.`);
      ended(127);
    });
    child.once('exit', (code, signal) => ended(exitCodeOf(code, signal)));
  });
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output.trim() !== '') say(error.output.trimEnd());
  say(error.message);
  process.exitCode = 1;
}
