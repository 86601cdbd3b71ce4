/**
 * `npm run package`: installs what is missing, builds what is stale, then lets electron-builder make the
 * packages for this system (electron-builder.yml, docs/packaging.md). Its own options follow: `npm run
 * package -- --dir` stops at the unpacked folder. With `--stub` an Electron without content is taken, so
 * that nothing is downloaded. ELECTRON_DIST names a folder or zip of an Electron that is there already.
 */
import { join } from 'node:path';
import { SetupError } from './commands.mjs';
import { makePackage } from './packager.mjs';
import { prepare } from './prepared.mjs';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const stub = args.includes('--stub');

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

try {
  await prepare(root, { env: process.env, say });
  const { code } = await makePackage({
    root,
    project: root,
    args: args.filter((each) => each !== '--stub'),
    electron: stub ? 'stub' : (process.env['ELECTRON_DIST'] ?? 'download'),
    visible: true,
  });
  process.exitCode = code;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${[error.output.trim(), error.message].filter(Boolean).join('\n')}\n`);
  process.exitCode = 1;
}
