/** What every program of this project needs before it runs, in a fresh clone as in an old one. */
import { ensureBuilt } from './built.mjs';
import { ensureInstalled } from './installed.mjs';
import { pinnedNode } from './pinned-node.mjs';

/**
 * Installs what is missing and builds what is stale, or throws a `SetupError`.
 * @param {string} root the project's folder
 * @param {{ env: NodeJS.ProcessEnv, say: (line: string) => void }} options
 * @returns {Promise<string>} the path of Node 24
 */
export async function prepare(root, { env, say }) {
  await ensureInstalled(root, { env, say });
  const node = pinnedNode(root);
  await ensureBuilt(root, { node, env, say });
  return node;
}
