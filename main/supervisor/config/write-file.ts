/**
 * Files that are there completely or not at all, also after a power cut: written beside their
 * place, flushed to the disk, then put there in one step. Only their user can read them.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** What a file that replaces another one keeps of it. */
export interface FileFacts {
  /** Permissions, as `stat` tells them. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Writes or replaces a file; missing folders are made. `like`: whose permissions and owner it gets. */
export async function replaceFile(path: string, text: string, like?: FileFacts): Promise<void> {
  await viaTemporary(
    path,
    text,
    async (temporary) => {
      await rename(temporary, path);
    },
    like,
  );
}

/** The same, for a file in an encoding of its own. */
export async function replaceBytes(path: string, bytes: Uint8Array): Promise<void> {
  await viaTemporary(path, bytes, (temporary) => rename(temporary, path));
}

/** Writes a file unless there is one already; says whether it did. */
export async function createFile(path: string, text: string): Promise<boolean> {
  let created = true;
  await viaTemporary(path, text, async (temporary) => {
    try {
      // Unlike rename, link fails when the name is taken, even if it is taken this very moment.
      await link(temporary, path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      created = false;
    }
  });
  return created;
}

async function viaTemporary(
  path: string,
  content: string | Uint8Array,
  place: (temporary: string) => Promise<void>,
  like?: FileFacts,
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await using file = await open(temporary, 'wx', 0o600);
    if (like) await dress(file, like);
    await file.writeFile(content);
    await file.sync();
    await file.close();
    await place(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
}

async function dress(file: FileHandle, { mode, uid, gid }: FileFacts): Promise<void> {
  const own = await file.stat();
  // Only root may give files away; then the writer keeps it, who may write it after all.
  if (own.uid !== uid || own.gid !== gid) await file.chown(uid, gid).catch(() => {});
  await file.chmod(mode & 0o777);
}

/** Makes the new name itself durable. Windows cannot open folders and does not need it. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}

/** The `code` of a system error. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
