/** Runs electron-builder on a project, with Electron itself or with a stub in its place. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run, SetupError } from './commands.mjs';
import { pinnedNode, projectEnvironment, toolScript } from './pinned-node.mjs';
import { writeStubElectron } from './stub-electron.mjs';

const packageTimeoutMs = 30 * 60_000;

/**
 * Packages `project`; resolves with what electron-builder ended with. Throws a `SetupError` where a stub
 * cannot do.
 * @param {object} options
 * @param {string} options.root where the tools are installed
 * @param {string} options.project the folder with package.json, electron-builder.yml and out/
 * @param {readonly string[]} options.args for electron-builder
 * @param {string} options.electron `download`, `stub`, or the folder or zip of an Electron
 * @param {boolean} options.visible its output goes to the terminal
 */
export async function makePackage({ root, project, args, electron, visible }) {
  const builder = (/** @type {readonly string[]} */ more) =>
    run(
      pinnedNode(root),
      [toolScript(root, 'electron-builder'), '--projectDir', project, ...args, ...more],
      {
        cwd: project,
        env: projectEnvironment(root, process.env),
        timeoutMs: packageTimeoutMs,
        visible,
      },
    );
  if (electron === 'download') return await builder([]);
  if (electron !== 'stub') return await builder([`-c.electronDist=${resolve(electron)}`]);
  if (process.platform !== 'linux') {
    throw new SetupError('--stub works on Linux only. Without it, Electron is downloaded.');
  }
  const stub = await mkdtemp(join(tmpdir(), 'pm-stub-electron-'));
  try {
    const { version } = JSON.parse(
      await readFile(join(root, 'node_modules/electron/package.json'), 'utf8'),
    );
    await writeStubElectron(stub, version);
    // An installer of a program that cannot start is of no use to anybody.
    const dir = args.includes('--dir') ? [] : ['--dir'];
    return await builder([...dir, `-c.electronDist=${stub}`]);
  } finally {
    await rm(stub, { recursive: true, force: true });
  }
}
