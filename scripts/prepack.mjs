/**
 * Runs before `npm pack`, and when npm installs the project from git: nothing is packed that is not built
 * from the sources as they are. A tree that cannot be built is not packed.
 */
import { join } from 'node:path';
import { SetupError } from './commands.mjs';
import { prepare } from './prepared.mjs';

const root = join(import.meta.dirname, '..');
const env = process.env;
// Standard output is npm's: `npm pack --json` is read by programs.
const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

try {
  await prepare(root, { env, say });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output.trim() !== '') say(error.output.trimEnd());
  say(`Nothing is packed. ${error.message}`);
  process.exitCode = 1;
}
