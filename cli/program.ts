/** Where the supervisor's own program is, seen from the command line's. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodeArguments } from '../shared/node-arguments.mjs';
import { CommandError } from './exit-codes.ts';

/** The oldest Node that the supervisor runs on; this program runs on older ones. */
const leastNode = 24;

export interface Program {
  /** The Node to run it with. */
  readonly node: string;
  readonly args: readonly string[];
}

/**
 * How the supervisor is started. With `headless`: the built program itself, of the same build as this
 * one. Otherwise the launcher, which finds out whether there is a desktop. Throws when a part is missing.
 */
export function supervisorProgram(
  { headless }: { readonly headless: boolean },
  from: string = import.meta.dirname,
): Program {
  const root = folderAbove(from, join('scripts', 'start.mjs'));
  if (!headless && root !== null) {
    return { node: process.execPath, args: [join(root, 'scripts', 'start.mjs')] };
  }
  const built = folderAbove(from, join('out', 'main', 'headless.js'));
  if (built === null) {
    throw new CommandError(
      'The supervisor is not built. Run "npm start" once in its folder, or "npm run build".',
    );
  }
  const program = join(built, 'out', 'main', 'headless.js');
  return { node: recentNode(built), args: [...nodeArguments, program] };
}

function recentNode(root: string): string {
  if (Number.parseInt(process.versions.node, 10) >= leastNode) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const pinned = join(root, 'node_modules', 'node', 'bin', name);
  if (existsSync(pinned)) return pinned;
  // Only a clone has the scripts; an installed package runs on the Node that it was started with.
  const cure = existsSync(join(root, 'scripts', 'start.mjs'))
    ? `Run "npm ci" in ${root}: it brings its own.`
    : 'Install it from https://nodejs.org and try again with it.';
  throw new CommandError(
    `The supervisor needs Node ${leastNode} or newer; this is ${process.versions.node}. ${cure}`,
  );
}

/** This command line as a file, for those who start it later: the system, at log-in. */
export function commandLineProgram(from: string = import.meta.dirname): string {
  const file = join('out', 'cli', 'pm-supervisor.js');
  const root = folderAbove(from, file);
  if (root === null) throw new CommandError('The command line is not built. Run "npm run build".');
  return join(root, file);
}

/** The nearest folder upwards that holds the file. */
function folderAbove(start: string, file: string): string | null {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, file))) return folder;
    if (folder === dirname(folder)) return null;
  }
}
