/**
 * `supervisor.toml` on disk: read as it is, written in one step. What is written is exactly the text that
 * was given: comments, order, line ends and byte order mark are its own. A symbolic link stays one, and the
 * file that it leads to keeps its owner and permissions. A file that is not the one which was edited is
 * not overwritten.
 */
import { constants } from 'node:fs';
import { access, lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CodedError, messageOf } from '../../../shared/errors.ts';
import { loadConfig } from './load-config.ts';
import { codeOf, type FileFacts, replaceFile } from './write-file.ts';

/**
 * Writes the file, unless it is not what `baseHash` says any more: `config_conflict`. Throws
 * `config_unwritable` with the reason when the disk does not take it; then the old file is as it was.
 * To be called one after the other.
 */
export async function writeConfigFile(path: string, text: string, baseHash: string): Promise<void> {
  const { hash } = await loadConfig(path);
  if (hash !== baseHash) {
    throw new CodedError(
      'config_conflict',
      hash === ''
        ? `${path} is not there any more. Nothing was written.`
        : `${path} was changed by somebody else meanwhile. Nothing was written; load it anew.`,
    );
  }
  try {
    const target = await targetOf(path);
    await replaceFile(target, text, await factsOf(target));
  } catch (error) {
    throw new CodedError('config_unwritable', `${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** The file itself, behind symbolic links, also behind one that leads to nothing yet. */
async function targetOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const isLink = await lstat(path).then(
      (facts) => facts.isSymbolicLink(),
      () => false,
    );
    return isLink ? resolve(dirname(path), await readlink(path)) : path;
  }
}

/** Readable by its user only unless it was otherwise before. */
async function factsOf(path: string): Promise<FileFacts | undefined> {
  try {
    const facts = await stat(path);
    // A rename would not ask; somebody who took the right to write away meant it.
    await access(path, constants.W_OK);
    return facts;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
