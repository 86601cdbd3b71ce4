/**
 * A folder that electron-builder takes for an unpacked Electron, made of files without content: with it a
 * package is put together (archive, resources, fuses, names) where Electron cannot be downloaded. What
 * comes out does not run. Linux only, whose distribution is a plain folder.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Marks the fuse wire in Electron's binary (@electron/fuses); version, count and state follow. */
const sentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const fuseCount = 9;

/**
 * Writes the stub into an empty or new folder.
 * @param {string} folder @param {string} version of Electron, as in its package.json
 */
export async function writeStubElectron(folder, version) {
  await mkdir(join(folder, 'resources'), { recursive: true });
  await mkdir(join(folder, 'locales'), { recursive: true });
  const wire = Buffer.concat([
    Buffer.from('#!/bin/false\n'),
    Buffer.from(sentinel),
    Buffer.from([1, fuseCount]),
    Buffer.from('1'.repeat(fuseCount)),
  ]);
  await Promise.all([
    writeFile(join(folder, 'electron'), wire, { mode: 0o755 }),
    writeFile(join(folder, 'version'), version),
    writeFile(join(folder, 'LICENSE'), 'A stub.'),
    writeFile(join(folder, 'LICENSES.chromium.html'), 'A stub.'),
    writeFile(join(folder, 'resources.pak'), ''),
    writeFile(join(folder, 'locales', 'en-US.pak'), ''),
  ]);
}
