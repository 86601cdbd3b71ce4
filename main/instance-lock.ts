/**
 * One supervisor for each user and configuration. The lock is one that the kernel holds for a process
 * (a SQLite file with an open transaction: fcntl locks, on Windows LockFileEx) and takes back at its
 * end, however it ends. So there is nothing that could be stale: no process id that was given to
 * another program meanwhile, no file from before a restart of the machine, and nothing that two starters
 * could both find dead and replace. A supervisor that hangs, or a laptop that slept, keeps its lock.
 *
 * The file stays when nobody holds the lock: deleting it would let one starter lock the file that was,
 * and another the file that is. Beside it stands, for people, who holds it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, messageOf } from '../shared/errors.ts';

/** Result codes of SQLite (sqlite.org/rescode.html): another process has the lock. */
const busy = 5;
const locked = 6;

export interface InstanceLock {
  /** Lets the next one in; the end of the process does the same. */
  release(): void;
}

/**
 * The lock, or null when another supervisor has it. The folder must be there. Throws `already_running`
 * when it cannot be told, because something else is in the way.
 */
export async function claimInstanceLock(path: string): Promise<InstanceLock | null> {
  let database: DatabaseSync | null = null;
  try {
    // Once, before there is anybody to hold up; nothing is written, so no disk is waited for.
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
    if (code === busy || code === locked) return null;
    throw new CodedError(
      'already_running',
      `Cannot tell whether a supervisor runs already: ${path}: ${messageOf(error)}. Remove what is there, or make the folder writable.`,
      { cause: error },
    );
  }
  const held = database;
  const release = () => {
    process.off('exit', release);
    if (held.isOpen) held.close();
  };
  // It also keeps the lock from being collected as garbage, which would open it.
  process.once('exit', release);
  await writeFile(holderFile(path), `${process.pid}\n`, { mode: 0o600 }).catch(() => {});
  return { release };
}

/** The process that got the lock last; null when that is not known. */
export async function lockHolder(path: string): Promise<number | null> {
  const text = await readFile(holderFile(path), 'utf8').catch(() => '');
  return /^\d+\n$/.test(text) ? Number(text) : null;
}

function holderFile(path: string): string {
  return `${path}.pid`;
}
