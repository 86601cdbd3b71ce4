/** The token of the status page and of HTTP control: kept in a file that only the user can read. */
import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { codeOf, createFile, replaceFile } from './write-file.ts';

/** What `[auth] api_key` accepts, too: it must fit into a header. */
const validToken = /^[\x21-\x7e]{16,}$/;

/**
 * Reads the token, or makes one and keeps it, so that bookmarks and scripts survive a restart (W33). A
 * file that holds no usable token is replaced. Throws when the file can be neither read nor made.
 */
export async function loadToken(file: string): Promise<string> {
  const kept = await readToken(file);
  if (kept !== null) return kept;
  const token = randomBytes(24).toString('base64url');
  if (await createFile(file, `${token}\n`)) return token;
  // There is a file: somebody else's first start made it this very moment, or it is of no use.
  const theirs = await readToken(file);
  if (theirs !== null) return theirs;
  await replaceFile(file, `${token}\n`);
  return token;
}

async function readToken(file: string): Promise<string | null> {
  try {
    const token = (await readFile(file, 'utf8')).trim();
    if (!validToken.test(token)) return null;
    // It may have been copied here with wider permissions; a file system that has none (FAT) refuses.
    await chmod(file, 0o600).catch(() => {});
    return token;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}
