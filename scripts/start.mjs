/**
 * `npm start`: installs what is missing, builds what is stale, runs the supervisor. Runs on any Node from 20
 * on; the supervisor itself runs on the project's own Node 24, or in Electron.
 *
 * What the launcher has to say goes to stderr: stdout is the supervisor's.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError } from './commands.mjs';
import { chooseHost } from './host.mjs';
import { prepare } from './prepared.mjs';
import { runHost } from './run-host.mjs';
import { relaySignals } from './signal-relay.mjs';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));
const args = process.argv.slice(2);
const env = process.env;
const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

async function start() {
  if (Number.parseInt(process.versions.node, 10) < 20) {
    throw new SetupError(`Node 20 or newer is needed to start; this is ${process.versions.node}.`);
  }
  const node = await prepare(root, { env, say });
  const host = await chooseHost(root, { args, env, node, say });
  return runHost(host, { root, node, args, env, relay: relaySignals(), say });
}

try {
  process.exit(await start());
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output.trim() !== '') say(error.output.trimEnd());
  say(error.message);
  process.exit(1);
}
