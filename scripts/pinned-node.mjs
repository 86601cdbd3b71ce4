/** Finds the Node that the project pins (the npm package `node`), and the tools that run under it. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError } from './commands.mjs';

/**
 * The path of Node 24. Where the package's binary is missing (install scripts switched off), the Node
 * that runs this does as well if it is new enough; otherwise throws a `SetupError`.
 * @param {string} root
 * @param {{ execPath: string, version: string }} running
 */
export function pinnedNode(
  root,
  running = { execPath: process.execPath, version: process.versions.node },
) {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const pinned = join(root, 'node_modules', 'node', 'bin', name);
  if (existsSync(pinned)) return pinned;
  if (Number.parseInt(running.version, 10) >= 24) return running.execPath;
  throw new SetupError(
    `The project's own Node 24 is missing: npm did not run the install script of the package "node". Run \`npm rebuild node --ignore-scripts=false\`, or start with Node 24 or newer (this is ${running.version}).`,
  );
}

/**
 * The script behind a command of an installed package, to be run with `pinnedNode`.
 * @param {string} root @param {string} packageName @param {string} [command] by default the package's name
 */
export function toolScript(root, packageName, command = packageName) {
  const folder = join(root, 'node_modules', packageName);
  const file = join(folder, 'package.json');
  if (!existsSync(file)) {
    throw new SetupError(`The package ${packageName} is not installed. Run \`npm ci\`.`);
  }
  const { bin } = JSON.parse(readFileSync(file, 'utf8'));
  return join(folder, typeof bin === 'string' ? bin : bin[command]);
}

/**
 * An environment in which `node` and the project's commands are the project's own.
 * @param {string} root @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function projectEnvironment(root, env) {
  const name = Object.keys(env).find((each) => each.toUpperCase() === 'PATH') ?? 'PATH';
  const bin = join(root, 'node_modules', '.bin');
  return { ...env, [name]: env[name] ? `${bin}${delimiter}${env[name]}` : bin };
}
