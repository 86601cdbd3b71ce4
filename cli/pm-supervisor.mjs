#!/usr/bin/env node
/**
 * The command `pm-supervisor` (package.json, "bin"): runs the built command line; in a fresh clone it
 * installs and builds first, as `npm start` does. Plain JavaScript, since nothing may be built yet.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = join(root, 'out', 'cli', 'pm-supervisor.js');

/** The oldest Node that the built command line runs on. */
const leastNode = 20;
if (Number.parseInt(process.versions.node, 10) < leastNode) {
  process.stderr.write(
    `pm-supervisor needs Node ${leastNode} or newer, and Node 24 to run the supervisor itself; this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}
if (!existsSync(built)) await prepare();
await import(pathToFileURL(built).href);

async function prepare() {
  const [{ ensureInstalled }, { ensureBuilt }, { pinnedNode }, { SetupError }] = await Promise.all([
    import('../scripts/installed.mjs'),
    import('../scripts/built.mjs'),
    import('../scripts/pinned-node.mjs'),
    import('../scripts/commands.mjs'),
  ]);
  const env = process.env;
  const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
  try {
    await ensureInstalled(root, { env, say });
    await ensureBuilt(root, { node: pinnedNode(root), env, say });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    if (error.output.trim() !== '') say(error.output.trimEnd());
    say(error.message);
    process.exit(1);
  }
}
